package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"dagger/ship/testbed/cluster/internal/control"
	"dagger/ship/testbed/cluster/internal/forward"
	"dagger/ship/testbed/cluster/internal/node"
	"dagger/ship/testbed/cluster/internal/process"
	"dagger/ship/testbed/cluster/internal/simulated"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Names of the inner process's commands. They are for this program's own use.
const (
	EnterCommand  = "enter"
	InsideCommand = "inside"
)

// border is the descriptor of the listener on the machine, inherited by the inner process of a real node.
const border = 3

// Enter is the inner process's first step with a real node: it makes its mounts and cgroups, then executes Inside
// in its place. It returns only on failure.
func Enter(arguments []string) error {
	s, err := decode(arguments)
	if err != nil {
		return err
	}
	if err := node.Enter(s.Plane.Folder, s.Programs); err != nil {
		return err
	}
	self := filepath.Join(s.Programs, "cluster")
	err = syscall.Exec(self, []string{self, InsideCommand, arguments[0]}, os.Environ())
	return fmt.Errorf("start inner process: %w", err)
}

// Inside is the inner process: it starts the cluster's programs and ends when one of them does, or on SIGTERM.
// It must run on the main thread; see package process.
func Inside(arguments []string) error {
	s, err := decode(arguments)
	if err != nil {
		return err
	}
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM, syscall.SIGINT)
	if s.Real {
		if err := openBorder(s.Plane); err != nil {
			return err
		}
	}
	i := &inside{settings: s, group: process.NewGroup(), told: told}
	err = i.run()
	i.group.Kill(10 * time.Second)
	if errors.Is(err, errTold) {
		return nil
	}
	return err
}

var errTold = errors.New("told to stop")

func decode(arguments []string) (settings, error) {
	var s settings
	if len(arguments) != 1 {
		return s, errors.New("this command is for the program's own use: try cluster run")
	}
	if err := json.Unmarshal([]byte(arguments[0]), &s); err != nil {
		return s, fmt.Errorf("decode settings: %w", err)
	}
	return s, nil
}

// openBorder lets users on the machine, and pods, reach the API server.
func openBorder(plane control.Plane) error {
	server := net.JoinHostPort(plane.Address, strconv.Itoa(plane.Port))
	users, err := net.FileListener(os.NewFile(border, "border"))
	if err != nil {
		return fmt.Errorf("take over listener: %w", err)
	}
	pods, err := net.Listen("tcp", net.JoinHostPort(control.ServiceIP, "443"))
	if err != nil {
		return fmt.Errorf("listen for pods: %w", err)
	}
	go forward.Serve(users, server)
	go forward.Serve(pods, server)
	return nil
}

type inside struct {
	settings
	group *process.Group
	told  chan os.Signal
}

// run starts everything in order and then waits. It returns errTold, or why the cluster cannot go on.
func (i *inside) run() error {
	plane, folder := i.Plane, i.Plane.Folder
	if err := i.start(plane.Etcd(), plane.APIServer()); err != nil {
		return err
	}
	if i.Real {
		if err := i.group.Start("containerd", folder.Log("containerd"),
			node.Containerd(folder, i.Programs)...); err != nil {
			return err
		}
	}
	client, err := control.Connect(plane.Kubeconfig())
	if err != nil {
		return err
	}
	if err := i.await(func(ctx context.Context) error { return control.WaitServing(ctx, client) }); err != nil {
		return err
	}
	if err := i.start(plane.Controllers(), plane.Scheduler()); err != nil {
		return err
	}
	if i.Real {
		pause := filepath.Join(i.Programs, "pause")
		if err := i.await(func(ctx context.Context) error { return node.LoadPause(ctx, pause) }); err != nil {
			return err
		}
		if err := i.start(node.Kubelet(folder, plane.Kubeconfig())); err != nil {
			return err
		}
	} else {
		if err := i.start(simulated.Kwok(folder, plane.Kubeconfig())); err != nil {
			return err
		}
		if _, err := client.CoreV1().Nodes().Create(context.Background(), simulated.Node(),
			metav1.CreateOptions{}); err != nil {
			return fmt.Errorf("create simulated node: %w", err)
		}
	}
	return i.await(func(ctx context.Context) error { <-ctx.Done(); return nil })
}

// start runs commands of this same program, each named by its first word.
func (i *inside) start(commands ...[]string) error {
	self := filepath.Join(i.Programs, "cluster")
	for _, command := range commands {
		name := command[0]
		if err := i.group.Start(name, i.Plane.Folder.Log(name), append([]string{self}, command...)...); err != nil {
			return err
		}
	}
	return nil
}

// await runs f until it is done, this process is told to stop, or a program of the cluster ends. It keeps
// the main thread: programs may only be started from there.
func (i *inside) await(f func(context.Context) error) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- f(ctx) }()
	select {
	case err := <-done:
		return err
	case <-i.told:
		return errTold
	case exit := <-i.group.Exits:
		return exit
	}
}
