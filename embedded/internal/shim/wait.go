package shim

import "golang.org/x/sys/unix"

// siginfo is what waitid fills in; nothing of it is needed.
type siginfo = unix.Siginfo

// waitExited waits until a child has exited, and leaves it to be waited for once more, by whoever wants its status.
func waitExited(pid int, info *siginfo) error {
	for {
		err := unix.Waitid(unix.P_PID, pid, info, unix.WEXITED|unix.WNOWAIT, nil)
		if err != unix.EINTR {
			return err
		}
	}
}
