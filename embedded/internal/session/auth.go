package session

import (
	"context"
	"os"
	"strings"
	"sync"

	"github.com/distribution/reference"
	"github.com/docker/cli/cli/config"
	"github.com/docker/cli/cli/config/types"
	"github.com/moby/buildkit/session/auth/authprovider"
)

// credentials are the registries' of a session: as in the engine, withRegistryAuth sets them for all its containers.
type credentials struct {
	mu    sync.Mutex
	hosts map[string]types.AuthConfig
}

// registryHost is the host, with its port, of an address of a registry or an image.
func registryHost(address string) string {
	_, host, is := strings.Cut(address, "://")
	if !is {
		host = address
	}
	named := strings.Contains(host, "/")
	host, _, _ = strings.Cut(host, "/")
	if named && !strings.ContainsAny(host, ".:") && host != "localhost" {
		if ref, err := reference.ParseNormalizedNamed(address); err == nil {
			host = reference.Domain(ref)
		}
	}
	switch host {
	case "index.docker.io", "registry-1.docker.io":
		return "docker.io"
	}
	return host
}

func (c *credentials) set(address, user, password string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hosts[registryHost(address)] = types.AuthConfig{Username: user, Password: password}
}

func (c *credentials) remove(address string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.hosts, registryHost(address))
}

// lookup answers BuildKit, which asks for a host's credentials. Where none were set, those of Docker's own
// configuration are used, as the engine's client does.
func (c *credentials) lookup(ctx context.Context, host string, scope []string,
	check authprovider.ExpireCachedAuthCheck) (types.AuthConfig, error) {
	c.mu.Lock()
	found, is := c.hosts[registryHost(host)]
	c.mu.Unlock()
	if is {
		return found, nil
	}
	return authprovider.LoadAuthConfig(config.LoadDefaultConfigFile(os.Stderr))(ctx, host, scope, check)
}
