package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/solver/pb"

	"dagger/ship/embedded/internal/shim"
)

// errNoCommand is what the engine says where nothing was or can be run.
var errNoCommand = errors.New("no command has been set")

type execArgs struct {
	Args                                          []string
	Stdin                                         string
	RedirectStdin, RedirectStdout, RedirectStderr string
	Expect                                        string
	UseEntrypoint, Expand                         bool
}

func init() {
	field("Container.withExec", func(_ context.Context, s *Session, c *Container, args execArgs) (*Container, error) {
		return c.exec(s, args)
	})
	for name, file := range map[string]string{"stdout": shim.Stdout, "stderr": shim.Stderr,
		"combinedOutput": shim.Combined} {
		field("Container."+name, func(ctx context.Context, s *Session, c *Container, _ none) (string, error) {
			return c.printed(ctx, s, file)
		})
	}
	field("Container.exitCode", func(ctx context.Context, s *Session, c *Container, _ none) (int, error) {
		text, err := c.printed(ctx, s, shim.ExitCode)
		if err != nil {
			return 0, err
		}
		return strconv.Atoi(text)
	})
}

// printed returns one of the shim's files of output.
func (c *Container) printed(ctx context.Context, s *Session, file string) (string, error) {
	if c.output == nil {
		return "", errNoCommand
	}
	var text []byte
	err := s.look(ctx, *c.output, c.platform, func(t tree) (err error) {
		text, err = t.read(path.Join(outputDir, file))
		return err
	})
	return string(text), err
}

// outputDir is the folder in the output's state that is mounted: any user may write there.
const outputDir = "/output"

// exec is the container after a command. It runs when a result is asked for, and is cached where it succeeds.
func (c *Container) exec(s *Session, args execArgs) (*Container, error) {
	if args.Stdin != "" && args.RedirectStdin != "" {
		return nil, errors.New("cannot set both stdin and redirectStdin")
	}
	command, err := c.command(args)
	if err != nil {
		return nil, err
	}
	program, err := s.program()
	if err != nil {
		return nil, err
	}
	request := shim.Request{
		Args: command, Stdin: args.Stdin, Expect: args.Expect,
		RedirectStdin: args.RedirectStdin, RedirectStdout: args.RedirectStdout, RedirectStderr: args.RedirectStderr,
	}
	title := strings.Join(command, " ")
	if len(title) > 100 {
		title = title[:100] + "…"
	}
	options := []llb.RunOption{
		llb.Args([]string{shim.Program, "shim"}),
		llb.Dir(c.absolute("")),
		llb.User(c.config.User),
		llb.Platform(c.platform),
		llb.WithCustomName("run " + strings.Join(strings.Fields(title), " ")),
		llb.AddMount(shim.Program, program.state, llb.SourcePath(program.path), llb.Readonly),
	}
	for _, variable := range c.config.Env {
		name, value, _ := strings.Cut(variable, "=")
		options = append(options, llb.AddEnv(name, value))
	}
	for _, secret := range c.secrets {
		id, err := secret.secret.register()
		if err != nil {
			return nil, fmt.Errorf("secret for the command: %w", err)
		}
		if secret.env != "" {
			request.SecretEnv = append(request.SecretEnv, secret.env)
			options = append(options, llb.AddSecret(secret.env, llb.SecretID(id), llb.SecretAsEnv(true),
				llb.SecretAsEnvName(secret.env)))
		} else {
			request.SecretFiles = append(request.SecretFiles, secret.file)
			options = append(options, llb.AddSecret(secret.file, llb.SecretID(id),
				llb.SecretFileOpt(secret.uid, secret.gid, secret.mode)))
		}
	}
	text, err := json.Marshal(request)
	if err != nil {
		return nil, fmt.Errorf("write down what to run: %w", err)
	}
	asked := llb.Scratch().File(llb.Mkfile("/request", 0o444, text), llb.WithCustomName("write down what to run"))
	options = append(options, llb.AddMount(shim.RequestFile, asked, llb.SourcePath("/request"), llb.Readonly))

	state := c.state
	if s.hostNetwork {
		state = state.Network(pb.NetMode_HOST)
	}
	ran := state.Run(options...)
	after := c.clone()
	for i, m := range c.mounts {
		after.mounts[i].state = m.add(ran)
	}
	output := ran.AddMount(shim.OutputDir, llb.Scratch().File(llb.Mkdir(outputDir, 0o777),
		llb.WithCustomName("make room for output")), llb.SourcePath(outputDir))
	after.state, after.output = ran.Root(), &output
	return after, nil
}

// add mounts it into a command, and returns what it holds after.
func (m mount) add(ran llb.ExecState) llb.State {
	var options []llb.MountOption
	switch {
	case m.temp:
		options = append(options, llb.Tmpfs(llb.TmpfsSize(m.size)))
	case m.cache != "":
		options = append(options, llb.AsPersistentCacheDir(m.cache, m.sharing))
	case m.readOnly:
		options = append(options, llb.Readonly)
	}
	if m.file != "" {
		options = append(options, llb.SourcePath(m.file))
	}
	after := ran.AddMount(m.target, m.state, options...)
	if m.temp || m.cache != "" || m.readOnly {
		return m.state
	}
	return after
}

func (c *Container) command(args execArgs) ([]string, error) {
	command := args.Args
	if len(command) == 0 {
		command = c.config.Cmd
	}
	if args.UseEntrypoint {
		command = append(append([]string(nil), c.config.Entrypoint...), command...)
	}
	if len(command) == 0 {
		return nil, errNoCommand
	}
	expanded := make([]string, len(command))
	for i, arg := range command {
		var err error
		if expanded[i], err = c.expand(arg, args.Expand); err != nil {
			return nil, err
		}
	}
	return expanded, nil
}
