package session

import (
	"context"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/solver/pb"
	"github.com/opencontainers/go-digest"
)

// renameSecrets gives the secrets of a definition the names that Secret.register made. So two builds may use one name
// for different secrets, and a secret's value counts when BuildKit looks into its cache, as it does in the engine.
func renameSecrets(state llb.State, names map[string]string) (llb.State, error) {
	if len(names) == 0 {
		return state, nil
	}
	return rewrite(state, func(op *pb.Op) error {
		exec := op.GetExec()
		if exec == nil {
			return nil
		}
		for _, env := range exec.Secretenv {
			if name, is := names[env.ID]; is {
				env.ID = name
			}
		}
		for _, mount := range exec.Mounts {
			if mount.SecretOpt != nil {
				if name, is := names[mount.SecretOpt.ID]; is {
					mount.SecretOpt.ID = name
				}
			}
		}
		return nil
	})
}

// rewrite is a state with changed steps.
func rewrite(state llb.State, change func(*pb.Op) error) (llb.State, error) {
	def, err := state.Marshal(context.Background())
	if err != nil {
		return state, err
	}
	from := def.ToPB()
	to := &pb.Definition{Metadata: map[string]*pb.OpMetadata{}, Source: from.Source}
	digests := map[string]string{}  // of steps, before and after
	for _, text := range from.Def { // each after those that it needs
		var op pb.Op
		if err := op.UnmarshalVT(text); err != nil {
			return state, err
		}
		for _, input := range op.Inputs {
			if changed, is := digests[input.Digest]; is {
				input.Digest = changed
			}
		}
		if err := change(&op); err != nil {
			return state, err
		}
		changed, err := op.MarshalVT()
		if err != nil {
			return state, err
		}
		before, after := digest.FromBytes(text).String(), digest.FromBytes(changed).String()
		digests[before] = after
		to.Def = append(to.Def, changed)
		to.Metadata[after] = from.Metadata[before]
	}
	if to.Source != nil {
		locations := map[string]*pb.Locations{}
		for before, location := range to.Source.Locations {
			if after, is := digests[before]; is {
				before = after
			}
			locations[before] = location
		}
		to.Source = &pb.Source{Locations: locations, Infos: to.Source.Infos}
	}
	op, err := llb.NewDefinitionOp(to)
	if err != nil {
		return state, err
	}
	return llb.NewState(op), nil
}
