package control

import (
	"crypto/rand"
	"fmt"
	"net"
	"os"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/client-go/util/cert"
	"k8s.io/client-go/util/keyutil"
)

// Files below run/pki.
const (
	certificateFile = "apiserver.crt" // the server's certificate, followed by that of the authority that signed it
	keyFile         = "apiserver.key"
	tokensFile      = "tokens.csv"
	accountsFile    = "accounts.key" // signs the tokens of service accounts
)

// WriteCredentials makes the cluster's keys and one token with full rights, and writes kubeconfigs for the
// cluster's own parts and, with the API server's address on the host, for users.
func (p Plane) WriteCredentials(hostAddress string) error {
	if err := os.MkdirAll(p.Folder.Run("pki"), 0o700); err != nil {
		return fmt.Errorf("make folder for keys: %w", err)
	}
	certificate, key, err := cert.GenerateSelfSignedCertKey(p.Address,
		[]net.IP{net.ParseIP(hostAddress), net.ParseIP("127.0.0.1"), net.ParseIP(p.Advertise), net.ParseIP(ServiceIP)},
		[]string{"localhost", "kubernetes.default.svc"})
	if err != nil {
		return fmt.Errorf("make API server's certificate: %w", err)
	}
	accounts, err := keyutil.MakeEllipticPrivateKeyPEM()
	if err != nil {
		return fmt.Errorf("make service accounts' key: %w", err)
	}
	token := rand.Text()
	for name, content := range map[string][]byte{
		certificateFile: certificate,
		keyFile:         key,
		accountsFile:    accounts,
		// The format: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#static-token-file
		tokensFile: fmt.Appendf(nil, "%s,admin,admin,\"system:masters\"\n", token),
	} {
		if err := os.WriteFile(p.Folder.Run("pki", name), content, 0o600); err != nil {
			return fmt.Errorf("write key: %w", err)
		}
	}
	if err := writeKubeconfig(p.Kubeconfig(), p.Server(), certificate, token); err != nil {
		return err
	}
	return writeKubeconfig(p.Folder.Kubeconfig(), url(hostAddress, p.Port), certificate, token)
}

func writeKubeconfig(path, server string, certificate []byte, token string) error {
	const name = "ship-testbed"
	config := api.NewConfig()
	config.Clusters[name] = &api.Cluster{Server: server, CertificateAuthorityData: certificate}
	config.AuthInfos[name] = &api.AuthInfo{Token: token}
	config.Contexts[name] = &api.Context{Cluster: name, AuthInfo: name}
	config.CurrentContext = name
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		return fmt.Errorf("write kubeconfig: %w", err)
	}
	return nil
}
