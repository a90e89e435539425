package session

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Label is a label of a container's image.
type Label struct{ name, value string }

// EnvVariable is a variable of a container's processes.
type EnvVariable struct{ name, value string }

// Port is one that a container's process listens on.
type Port struct {
	port        int
	protocol    string
	description *string
	skip        bool
}

// with adds a field that makes a changed copy of the container.
func with[A any](name string, change func(c *Container, args A) error) {
	field("Container."+name, func(_ context.Context, _ *Session, c *Container, args A) (*Container, error) {
		c = c.clone()
		return c, change(c, args)
	})
}

// show adds a field that tells something about the container.
func show[Value any](name string, value func(c *Container) Value) {
	field("Container."+name, func(_ context.Context, _ *Session, c *Container, _ none) (Value, error) {
		return value(c), nil
	})
}

type nameArgs struct{ Name string }

type argsArgs struct {
	Args            []string
	KeepDefaultArgs bool
}

type portArgs struct {
	Port                        int
	Protocol                    string
	Description                 *string
	ExperimentalSkipHealthcheck bool
}

func (p portArgs) key() string { return fmt.Sprintf("%d/%s", p.Port, strings.ToLower(p.Protocol)) }

func init() {
	with("withEnvVariable", func(c *Container, args struct {
		Name, Value string
		Expand      bool
	}) error {
		value, err := c.expand(args.Value, args.Expand)
		c.config.Env = setEnv(c.config.Env, args.Name, value)
		return err
	})
	with("withoutEnvVariable", func(c *Container, args nameArgs) error {
		c.config.Env = slices.DeleteFunc(c.config.Env, func(v string) bool {
			return strings.HasPrefix(v, args.Name+"=")
		})
		return nil
	})
	with("withLabel", func(c *Container, args struct{ Name, Value string }) error {
		c.config.Labels = merge(c.config.Labels, map[string]string{args.Name: args.Value})
		return nil
	})
	with("withoutLabel", func(c *Container, args nameArgs) error { delete(c.config.Labels, args.Name); return nil })
	with("withAnnotation", func(c *Container, args struct{ Name, Value string }) error {
		c.annotations = merge(c.annotations, map[string]string{args.Name: args.Value})
		return nil
	})
	with("withEntrypoint", func(c *Container, args argsArgs) error {
		c.config.Entrypoint = args.Args
		if !args.KeepDefaultArgs {
			c.config.Cmd = nil
		}
		return nil
	})
	with("withoutEntrypoint", func(c *Container, args argsArgs) error {
		c.config.Entrypoint = nil
		if !args.KeepDefaultArgs {
			c.config.Cmd = nil
		}
		return nil
	})
	with("withDefaultArgs", func(c *Container, args argsArgs) error { c.config.Cmd = args.Args; return nil })
	with("withoutDefaultArgs", func(c *Container, _ none) error { c.config.Cmd = nil; return nil })
	with("withUser", func(c *Container, args nameArgs) error { c.config.User = args.Name; return nil })
	with("withoutUser", func(c *Container, _ none) error { c.config.User = ""; return nil })
	with("withWorkdir", func(c *Container, args struct {
		Path   string
		Expand bool
	}) (err error) {
		c.config.WorkingDir, err = c.target(args.Path, args.Expand)
		return err
	})
	with("withoutWorkdir", func(c *Container, _ none) error { c.config.WorkingDir = ""; return nil })
	with("withExposedPort", func(c *Container, args portArgs) error {
		c.config.ExposedPorts = merge(c.config.ExposedPorts, map[string]struct{}{args.key(): {}})
		c.ports = append(c.ports, &Port{args.Port, args.Protocol, args.Description, args.ExperimentalSkipHealthcheck})
		return nil
	})

	show("entrypoint", func(c *Container) []string { return c.config.Entrypoint })
	show("defaultArgs", func(c *Container) []string { return c.config.Cmd })
	show("user", func(c *Container) string { return c.config.User })
	show("workdir", func(c *Container) string { return c.config.WorkingDir })
	show("exposedPorts", func(c *Container) []*Port { return c.ports })
	show("envVariables", func(c *Container) (variables []*EnvVariable) {
		for _, variable := range c.config.Env {
			name, value, _ := strings.Cut(variable, "=")
			variables = append(variables, &EnvVariable{name, value})
		}
		return variables
	})
	show("labels", func(c *Container) (labels []*Label) {
		for name, value := range c.config.Labels {
			labels = append(labels, &Label{name, value})
		}
		slices.SortFunc(labels, func(a, b *Label) int { return strings.Compare(a.name, b.name) })
		return labels
	})
	field("Container.label", func(_ context.Context, _ *Session, c *Container, args nameArgs) (any, error) {
		if value, is := c.config.Labels[args.Name]; is {
			return value, nil
		}
		return nil, nil
	})
	field("Container.envVariable", func(_ context.Context, _ *Session, c *Container, args nameArgs) (any, error) {
		if value, is := lookupEnv(c.config.Env, args.Name); is {
			return value, nil
		}
		return nil, nil
	})

	field("Label.name", func(_ context.Context, _ *Session, l *Label, _ none) (string, error) { return l.name, nil })
	field("Label.value", func(_ context.Context, _ *Session, l *Label, _ none) (string, error) { return l.value, nil })
	field("EnvVariable.name", func(_ context.Context, _ *Session, v *EnvVariable, _ none) (string, error) {
		return v.name, nil
	})
	field("EnvVariable.value", func(_ context.Context, _ *Session, v *EnvVariable, _ none) (string, error) {
		return v.value, nil
	})
	field("Port.port", func(_ context.Context, _ *Session, p *Port, _ none) (int, error) { return p.port, nil })
	field("Port.protocol", func(_ context.Context, _ *Session, p *Port, _ none) (string, error) {
		return p.protocol, nil
	})
	field("Port.description", func(_ context.Context, _ *Session, p *Port, _ none) (*string, error) {
		return p.description, nil
	})
	field("Port.experimentalSkipHealthcheck", func(_ context.Context, _ *Session, p *Port, _ none) (bool, error) {
		return p.skip, nil
	})
}
