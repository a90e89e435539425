package test

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/distribution/distribution/v3/configuration"
	_ "github.com/distribution/distribution/v3/registry/auth/htpasswd"
	"github.com/distribution/distribution/v3/registry/handlers"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/inmemory"
	"golang.org/x/crypto/bcrypt"
)

// The registries' user and password.
const (
	user     = "tester"
	password = "correct-horse-Battery"
)

// startRegistry serves an empty registry that asks for user and password, and returns its address.
func startRegistry(t *testing.T, certificate *tls.Certificate) string {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "htpasswd")
	if err := os.WriteFile(file, []byte(user+":"+string(hash)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	address, stop := serveRegistry(configuration.Auth{"htpasswd": {"realm": "test", "path": file}}, certificate)
	t.Cleanup(stop)
	return address
}

// serveRegistry serves an empty registry until stop is called.
func serveRegistry(auth configuration.Auth, certificate *tls.Certificate) (string, func()) {
	config := &configuration.Configuration{Storage: configuration.Storage{"inmemory": nil,
		"delete": {"enabled": true}}, Auth: auth}
	config.HTTP.Secret = "test"
	config.Catalog.MaxEntries = 100
	config.Log.AccessLog.Disabled = true
	l, err := net.Listen("tcp", net.JoinHostPort(listenAddress(), "0"))
	if err != nil {
		panic(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	server := &http.Server{Handler: handlers.NewApp(ctx, config)}
	go func() {
		if certificate != nil {
			server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*certificate}}
			server.ServeTLS(l, "", "")
		} else {
			server.Serve(l)
		}
	}()
	return l.Addr().String(), func() { server.Close(); stop() }
}

// listenAddress is where servers listen: an engine's containers do not reach the loopback of the machine.
func listenAddress() string {
	if given := os.Getenv("SHIP_TEST_ADDRESS"); given != "" {
		return given
	}
	return "127.0.0.1"
}
