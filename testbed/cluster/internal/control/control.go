// Package control configures the control plane: etcd, API server, controllers and scheduler.
package control

import (
	"net"
	"strconv"

	"dagger/ship/testbed/cluster/internal/layout"
)

// ServiceIP is the address of the service `kubernetes`, under which pods look for the API server.
const ServiceIP = "10.96.0.1"

const serviceRange = "10.96.0.0/16"

// A Plane is one control plane's place on the network.
type Plane struct {
	Folder    layout.Folder
	Address   string // IP on which the API server listens
	Port      int    // its port
	Advertise string // IP under which others find it
	EtcdPort  int
	PeerPort  int
}

// Server is the API server's URL for the cluster's own parts.
func (p Plane) Server() string { return url(p.Address, p.Port) }

func url(address string, port int) string {
	return "https://" + net.JoinHostPort(address, strconv.Itoa(port))
}

// Etcd is etcd's command line. Its data is thrown away, so it never waits for the disk; it is alone, so it elects
// itself at once.
func (p Plane) Etcd() []string {
	client := "http://127.0.0.1:" + strconv.Itoa(p.EtcdPort)
	peer := "http://127.0.0.1:" + strconv.Itoa(p.PeerPort)
	return []string{
		"etcd", "--name=etcd",
		"--data-dir=" + p.Folder.Run("etcd"),
		"--listen-client-urls=" + client, "--advertise-client-urls=" + client,
		"--listen-peer-urls=" + peer, "--initial-advertise-peer-urls=" + peer,
		"--initial-cluster=etcd=" + peer,
		"--unsafe-no-fsync", "--heartbeat-interval=10", "--election-timeout=100",
		"--log-level=warn",
	}
}

// APIServer is the API server's command line.
func (p Plane) APIServer() []string {
	pki := func(name string) string { return p.Folder.Run("pki", name) }
	return []string{
		"kube-apiserver",
		"--etcd-servers=http://127.0.0.1:" + strconv.Itoa(p.EtcdPort),
		"--bind-address=" + p.Address, "--secure-port=" + strconv.Itoa(p.Port),
		"--advertise-address=" + p.Advertise,
		"--endpoint-reconciler-type=none", // there is one API server, and no kube-proxy to tell about it
		"--service-cluster-ip-range=" + serviceRange,
		"--cert-dir=" + pki(""),
		"--tls-cert-file=" + pki(certificateFile), "--tls-private-key-file=" + pki(keyFile),
		"--token-auth-file=" + pki(tokensFile),
		"--authorization-mode=RBAC",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-signing-key-file=" + pki(accountsFile),
		"--service-account-key-file=" + pki(accountsFile),
		"--kubelet-preferred-address-types=InternalIP",
		"--allow-privileged=true",
		"--profiling=false",
	}
}

// Controllers is the controller manager's command line.
func (p Plane) Controllers() []string {
	return []string{
		"kube-controller-manager",
		"--kubeconfig=" + p.Kubeconfig(),
		"--leader-elect=false", "--secure-port=0",
		"--service-account-private-key-file=" + p.Folder.Run("pki", accountsFile),
		"--root-ca-file=" + p.Folder.Run("pki", certificateFile),
		"--kube-api-qps=200", "--kube-api-burst=400",
		"--profiling=false",
	}
}

// Scheduler is the scheduler's command line.
func (p Plane) Scheduler() []string {
	return []string{
		"kube-scheduler",
		"--kubeconfig=" + p.Kubeconfig(),
		"--leader-elect=false", "--secure-port=0",
		"--kube-api-qps=200", "--kube-api-burst=400",
		"--profiling=false",
	}
}

// Kubeconfig is the file with which the cluster's own parts reach the API server.
func (p Plane) Kubeconfig() string { return p.Folder.Run("kubeconfig") }
