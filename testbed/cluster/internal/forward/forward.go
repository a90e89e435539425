// Package forward carries TCP connections from one listener to one address. The two may be in different network
// namespaces: a socket stays in the namespace in which it was opened.
package forward

import (
	"io"
	"net"
	"sync"
)

// Serve accepts connections until the listener is closed and joins each to a new one to target (HOST:PORT).
// Where target does not answer, the accepted connection is closed.
func Serve(listener net.Listener, target string) {
	for {
		near, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer near.Close()
			far, err := net.Dial("tcp", target)
			if err != nil {
				return
			}
			defer far.Close()
			join(near, far)
		}()
	}
}

// join copies both ways and passes on each side's end of sending, which HTTP upgrades (exec, port-forward) need.
func join(one, other net.Conn) {
	var both sync.WaitGroup
	for _, pair := range [][2]net.Conn{{one, other}, {other, one}} {
		both.Go(func() {
			_, _ = io.Copy(pair[0], pair[1])
			if half, ok := pair[0].(interface{ CloseWrite() error }); ok {
				_ = half.CloseWrite()
			}
		})
	}
	both.Wait()
}
