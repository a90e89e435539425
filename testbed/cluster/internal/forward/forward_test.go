package forward

import (
	"io"
	"net"
	"testing"
)

// TestHalfClose sends, ends sending, and still gets an answer: the other side must see the end, not a closed
// connection.
func TestHalfClose(t *testing.T) {
	echo := listen(t)
	go func() {
		connection, err := echo.Accept()
		if err != nil {
			return
		}
		defer connection.Close()
		all, _ := io.ReadAll(connection)
		_, _ = connection.Write(append([]byte("got "), all...))
	}()
	front := listen(t)
	go Serve(front, echo.Addr().String())
	connection, err := net.Dial("tcp", front.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	_, _ = connection.Write([]byte("words"))
	_ = connection.(*net.TCPConn).CloseWrite()
	if answer, err := io.ReadAll(connection); err != nil || string(answer) != "got words" {
		t.Errorf("answer %q, %v", answer, err)
	}
}

func TestTargetAway(t *testing.T) {
	away := listen(t)
	away.Close()
	front := listen(t)
	go Serve(front, away.Addr().String())
	connection, err := net.Dial("tcp", front.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	if n, err := connection.Read(make([]byte, 1)); err == nil {
		t.Errorf("read %d bytes from nobody", n)
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return listener
}
