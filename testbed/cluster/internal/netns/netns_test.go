package netns

import (
	"net"
	"os"
	"testing"
	"time"
)

func TestSpace(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("network namespaces are root's")
	}
	// 203.0.113.0/24 is for documentation: no machine has an address of it.
	ip := net.ParseIP("203.0.113.7")
	space, err := New(ip, net.ParseIP("127.0.0.1"))
	if err != nil {
		t.Fatal(err)
	}
	defer space.Close()
	var inside net.Listener
	if err := space.Do(func() (err error) {
		inside, err = net.Listen("tcp", net.JoinHostPort(ip.String(), "0"))
		return err
	}); err != nil {
		t.Fatalf("listen inside: %v", err)
	}
	defer inside.Close()
	address := inside.Addr().String()
	if err := space.Do(func() error {
		connection, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			connection.Close()
		}
		return err
	}); err != nil {
		t.Errorf("dial inside: %v", err)
	}
	if outside, err := net.Listen("tcp", address); err == nil {
		outside.Close()
		t.Errorf("the machine got the address %s too", address)
	}
}
