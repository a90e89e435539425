package session

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/distribution/reference"
	bk "github.com/moby/buildkit/client"
	"github.com/moby/buildkit/client/llb"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/solver/pb"
)

// cacheArg is a build argument that the Dockerfile does not see. It names a place in a registry, HOST/PATH:TAG, that
// keeps the layers of a build (https://docs.docker.com/build/cache/backends/registry/): what is there is used instead
// of running a step once more, and what was built goes there by Container.publish with that very address. It changes
// nothing of the image: what is built with and without it is the same.
const cacheArg = "BUILDKIT_REGISTRY_CACHE"

// layerCache is where a container's layers are kept.
type layerCache struct{ ref string }

// newLayerCache takes the argument out of a frontend's options. Without the argument it is nil.
func newLayerCache(options map[string]string) (*layerCache, error) {
	text, given := options["build-arg:"+cacheArg]
	if !given {
		return nil, nil
	}
	delete(options, "build-arg:"+cacheArg)
	ref, err := reference.ParseNormalizedNamed(text)
	if err != nil {
		return nil, fmt.Errorf("%s=%s: %w", cacheArg, text, err)
	}
	return &layerCache{reference.TagNameOnly(ref).String()}, nil
}

// flat is a build's context as a folder of this machine, which is what stays out of a cache. BuildKit would write there
// whatever is made in a build, and with that all files that a context is made of.
func (s *Session) flat(ctx context.Context, files llb.State) (llb.State, error) {
	if _, is := s.hosts.Load(files.Output()); is || files.Output() == nil {
		return files, nil
	}
	dir, err := os.MkdirTemp(s.temp, "context-")
	if err != nil {
		return files, err
	}
	made := &Directory{place{files, "/", s.platform}}
	if _, err := made.export(ctx, s, dir); err != nil {
		return files, err
	}
	again, err := s.hostDirectory(dir, nil, nil, false)
	if err != nil {
		return files, err
	}
	return again.state, nil
}

// cacheOf is where a state's layers are kept; nil: nowhere but here.
func (s *Session) cacheOf(state llb.State) *layerCache {
	if cache, is := s.caches.Load(state.Output()); is {
		return cache.(*layerCache)
	}
	return nil
}

// imports are where BuildKit looks besides its own cache. A cache that cannot be read is the same to it as none.
func (l *layerCache) imports() []gateway.CacheOptionsEntry {
	if l == nil {
		return nil
	}
	return []gateway.CacheOptionsEntry{{Type: "registry", Attrs: map[string]string{"ref": l.ref}}}
}

// withCache does what needs the containers' layers. BuildKit takes a layer of a cache for good before it fetches it, so
// one that is missing there, or broken, fails whoever needs its files: then it is done without the cache.
func withCache(ctx context.Context, s *Session, variants []*Container, do func([]*Container) error) error {
	err := do(variants)
	if variants[0].cache == nil || err == nil || ctx.Err() != nil || !notFetched(err) {
		return err
	}
	var alone []*Container
	for _, c := range variants {
		without := *c
		without.cache = nil
		alone = append(alone, &without)
	}
	if do(alone) != nil {
		return err
	}
	fmt.Fprintf(s.log, "the layer cache %s could not be used: %s\n", variants[0].cache.ref, s.reason(err.Error()))
	return nil
}

// notFetched tells whether an error is about something that a registry did not give, or not as it should be. It has
// passed between processes, so that its text is all that there is.
func notFetched(err error) bool {
	return strings.Contains(err.Error(), "httpReadSeeker") || strings.Contains(err.Error(), "failed commit on ref") ||
		strings.Contains(err.Error(), "unexpected EOF")
}

// exportCache writes the layers of all steps of all containers to their cache. GitLab's registry takes only caches that
// look like an image.
func exportCache(ctx context.Context, s *Session, variants []*Container) error {
	var again []*Container
	for _, c := range variants {
		anew, err := c.readAnew()
		if err != nil {
			return fmt.Errorf("write the definition of what goes into the cache: %w", err)
		}
		again = append(again, anew)
	}
	exports := []bk.CacheOptionsEntry{{Type: "registry", Attrs: map[string]string{"ref": variants[0].cache.ref,
		"mode": "max", "oci-mediatypes": "true", "image-manifest": "true"}}}
	all := func(ctx context.Context, client gateway.Client) (*gateway.Result, error) {
		return exportAll(ctx, client, again)
	}
	_, err := s.buildCached(ctx, nil, exports, all)
	return err
}

// readAnew is the container with folders of this machine that BuildKit has not read yet, as it seems to it. Else it
// knows the folders of this session, and finds what was made of them without looking at their files. A cache of that
// would be of use for this session only.
func (c *Container) readAnew() (*Container, error) {
	unique := rand.Text()
	state, err := rewrite(c.state, func(op *pb.Op) error {
		source := op.GetSource()
		if source == nil || !strings.HasPrefix(source.Identifier, "local://") {
			return nil
		}
		var exclude []string
		if said := source.Attrs[pb.AttrExcludePatterns]; said != "" {
			if err := json.Unmarshal([]byte(said), &exclude); err != nil {
				return err
			}
		}
		text, err := json.Marshal(append(exclude, unique)) // no file has that name
		source.Attrs[pb.AttrExcludePatterns] = string(text)
		return err
	})
	if err != nil {
		return nil, err
	}
	anew := *c
	anew.state = state
	return &anew, nil
}

// unread says once on the log that a cache cannot be read, and why. One that is not there yet is no reason.
func (s *Session) unread(step *bk.Vertex) {
	ref, is := strings.CutPrefix(step.Name, "importing cache manifest from ")
	if !is || step.Error == "" || strings.HasSuffix(step.Error, ": not found") {
		return
	}
	if _, said := s.unreadable.LoadOrStore(ref, true); !said {
		fmt.Fprintf(s.log, "the layer cache %s cannot be read: %s\n", visible(ref), s.reason(step.Error))
	}
}

// query is that of an address. Registries sign those that they send clients on to.
var query = regexp.MustCompile(`\?[^\s"]+`)

// reason is what went wrong, fit for the log.
func (s *Session) reason(text string) string {
	return fmt.Sprintf("%.500s", visible(query.ReplaceAllString(s.scrub(text), "?…")))
}
