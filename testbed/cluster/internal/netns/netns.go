// Package netns makes network namespaces and works inside them. They have no connection to the machine's
// network: what happens inside cannot collide with it, nor with another namespace.
package netns

import (
	"fmt"
	"net"
	"runtime"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// A Space is a network namespace. It lasts until Close, or longer while processes live in it.
type Space struct {
	work chan func()
}

// New makes a network namespace whose loopback device is up and has these addresses besides its own.
func New(addresses ...net.IP) (*Space, error) {
	space := &Space{work: make(chan func())}
	made := make(chan error)
	go func() {
		// Namespaces belong to threads. This one is never unlocked, so it ends with its goroutine and no
		// other goroutine ever runs in the namespace by accident.
		runtime.LockOSThread()
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			made <- fmt.Errorf("make network namespace: %w", err)
			return
		}
		if err := loopback(addresses); err != nil {
			made <- err
			return
		}
		made <- nil
		for work := range space.work {
			work()
		}
	}()
	if err := <-made; err != nil {
		return nil, err
	}
	return space, nil
}

// Do runs f in the namespace, always on the same thread, which lives until Close. Sockets that f opens and
// processes that it starts belong to the namespace; goroutines that it starts do not.
func (s *Space) Do(f func() error) error {
	done := make(chan error)
	s.work <- func() { done <- f() }
	return <-done
}

// Close ends the thread. Sockets that are still open keep working.
func (s *Space) Close() { close(s.work) }

func loopback(addresses []net.IP) error {
	device, err := netlink.LinkByName("lo")
	if err != nil {
		return fmt.Errorf("find loopback device: %w", err)
	}
	if err := netlink.LinkSetUp(device); err != nil {
		return fmt.Errorf("bring up loopback device: %w", err)
	}
	for _, address := range addresses {
		if address.IsLoopback() {
			continue // 127.0.0.0/8 and ::1 are there already
		}
		bits := 8 * net.IPv6len
		if four := address.To4(); four != nil {
			address, bits = four, 8*net.IPv4len
		}
		network := &net.IPNet{IP: address, Mask: net.CIDRMask(bits, bits)}
		if err := netlink.AddrAdd(device, &netlink.Addr{IPNet: network}); err != nil {
			return fmt.Errorf("give address %s to loopback device: %w", address, err)
		}
	}
	return nil
}
