package serve

import (
	"fmt"
	"net/http"
	"os"

	"dagger/ship/testbed/internal/authority"
	"dagger/ship/testbed/internal/disturb"
	"dagger/ship/testbed/internal/kubeapi"
	"dagger/ship/testbed/internal/state"
)

// serveAPI opens the way to the cluster's API that can be disturbed, and writes the kubeconfig for it.
func serveAPI(folder state.Folder, address, control string, mux *http.ServeMux, cluster *state.Cluster,
	ca *authority.Authority) (*disturb.Server, error) {
	config, err := os.ReadFile(cluster.Kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("read the cluster's kubeconfig: %w", err)
	}
	handler, err := kubeapi.New(config)
	if err != nil {
		return nil, err
	}
	certificate, err := ca.Issue(address)
	if err != nil {
		return nil, err
	}
	server := &disturb.Server{Classify: kubeapi.Classify, Handler: handler, Streams: true}
	at, err := server.ListenTLS(address, certificate)
	if err != nil {
		return nil, err
	}
	server.API(mux, "/cluster")
	if config, err = kubeapi.Redirect(config, "https://"+at, ca.PEM()); err != nil {
		return server, err
	}
	cluster.Control, cluster.Disturbed = control+"/cluster", folder.Path(state.Disturbed)
	return server, state.WriteFile(cluster.Disturbed, config)
}
