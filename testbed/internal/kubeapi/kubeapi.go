// Package kubeapi stands before a Kubernetes API server and passes everything on: what goes through it can be watched
// and disturbed, while the cluster's own parts go on undisturbed.
package kubeapi

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"

	"go.yaml.in/yaml/v3"
)

// New takes a cluster's kubeconfig and returns a handler that hands requests, with their credentials, to its API
// server.
func New(config []byte) (http.Handler, error) {
	var read kubeconfig
	if err := yaml.Unmarshal(config, &read); err != nil {
		return nil, fmt.Errorf("read the cluster's kubeconfig: %w", err)
	}
	if len(read.Clusters) != 1 {
		return nil, errors.New("read the cluster's kubeconfig: want one cluster in it")
	}
	cluster := read.Clusters[0].Cluster
	server, err := url.Parse(cluster.Server)
	if err != nil {
		return nil, fmt.Errorf("read the cluster's kubeconfig: %w", err)
	}
	ca, err := base64.StdEncoding.DecodeString(cluster.CA)
	trusted := x509.NewCertPool()
	if err != nil || !trusted.AppendCertsFromPEM(ca) {
		return nil, errors.New("read the cluster's kubeconfig: it has no certificate of an authority")
	}
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(server) },
		// A connection to the API server for each of a client's, as without the proxy: no HTTP/2.
		Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: trusted}, MaxIdleConnsPerHost: 32, DisableCompression: true,
		},
		FlushInterval: -1, // watches and logs are sent on as they come
	}, nil
}

// Redirect returns the kubeconfig with another address of its API server, and another authority to trust there (PEM).
func Redirect(config []byte, server string, ca []byte) ([]byte, error) {
	var read kubeconfig
	if err := yaml.Unmarshal(config, &read); err != nil {
		return nil, fmt.Errorf("read the cluster's kubeconfig: %w", err)
	}
	for i := range read.Clusters {
		read.Clusters[i].Cluster.Server = server
		read.Clusters[i].Cluster.CA = base64.StdEncoding.EncodeToString(ca)
	}
	return yaml.Marshal(read)
}

// kubeconfig is as much of a kubeconfig as has to be known here
// (https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/).
type kubeconfig struct {
	Clusters []struct {
		Name    string `yaml:"name"`
		Cluster struct {
			Server string         `yaml:"server"`
			CA     string         `yaml:"certificate-authority-data"`
			Rest   map[string]any `yaml:",inline"`
		} `yaml:"cluster"`
	} `yaml:"clusters"`
	Rest map[string]any `yaml:",inline"`
}
