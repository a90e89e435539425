package main

import (
	"net"
	"sync/atomic"
	"time"
)

// proxy passes connections on to a server, counts the bytes, and makes the server as far away as it is told. There is
// no limit to how much goes through.
type proxy struct {
	listener       net.Listener
	server         string       // host:port
	trip           atomic.Int64 // nanoseconds, there and back
	sent, received atomic.Int64
}

// newProxy listens on loopback for a server at host:port. Close ends it.
func newProxy(server string) (*proxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{listener: listener, server: server}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go p.pass(client)
		}
	}()
	return p, nil
}

func (p *proxy) Close() error    { return p.listener.Close() }
func (p *proxy) address() string { return p.listener.Addr().String() }

// count is how many bytes went to the server and came from it so far.
func (p *proxy) count() (sent, received int64) { return p.sent.Load(), p.received.Load() }

// away sets how long a round trip to the server takes.
func (p *proxy) away(trip time.Duration) { p.trip.Store(int64(trip)) }

func (p *proxy) pass(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", p.server)
	if err != nil {
		return
	}
	defer server.Close()
	trip := time.Duration(p.trip.Load())
	// to open a connection takes a round trip; here it is made up for by what is sent first
	opened := time.Now().Add(trip)
	ended := make(chan struct{})
	go func() { late(server, client, &p.sent, trip/2, opened); close(ended) }()
	late(client, server, &p.received, trip/2, opened)
	<-ended
}

// late copies, with each piece arriving so much later than it came, however many are under way.
func late(to, from net.Conn, count *atomic.Int64, by time.Duration, opened time.Time) {
	type piece struct {
		data []byte
		due  time.Time
	}
	pieces := make(chan piece, 4096)
	go func() {
		defer close(pieces)
		for {
			data := make([]byte, 64<<10)
			n, err := from.Read(data)
			if n > 0 {
				count.Add(int64(n))
				due := time.Now()
				if due.Before(opened) {
					due = opened
				}
				pieces <- piece{data[:n], due.Add(by)}
			}
			if err != nil {
				return
			}
		}
	}()
	for p := range pieces {
		time.Sleep(time.Until(p.due))
		if _, err := to.Write(p.data); err != nil {
			break
		}
	}
	if half, is := to.(*net.TCPConn); is {
		_ = half.CloseWrite()
	}
	go func() { // the reader must not wait for a place
		for range pieces {
		}
	}()
}
