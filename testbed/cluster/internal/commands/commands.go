// Package commands holds the programs that a cluster is made of, each as its project's own command.
package commands

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"          // the log format `json`
	_ "k8s.io/component-base/metrics/prometheus/clientgo" // the clients' metrics
	_ "k8s.io/component-base/metrics/prometheus/version"  // the version's metric
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

// programs start with os.Args[1:] as their arguments, and return when they are done or end the process.
var programs = map[string]func() error{
	"etcd":                    func() error { etcdmain.Main(os.Args); return nil },
	"kube-apiserver":          kubernetes(apiserver.NewAPIServerCommand),
	"kube-controller-manager": kubernetes(controllers.NewControllerManagerCommand),
	"kube-scheduler":          kubernetes(func() *cobra.Command { return scheduler.NewSchedulerCommand() }),
	"kubelet": kubernetes(func() *cobra.Command {
		return kubelet.NewKubeletCommand(context.Background())
	}),
	"kwok": runKwok,
}

// Names lists the programs in order.
func Names() []string { return slices.Sorted(maps.Keys(programs)) }

// Run becomes the named program with these arguments. It fails for a name that is not in Names.
func Run(name string, arguments []string) error {
	program, known := programs[name]
	if !known {
		return fmt.Errorf("unknown command %q: use run, or one of %v", name, Names())
	}
	// The commands read the process's own arguments, so they are made to look as if they were called alone.
	os.Args = append([]string{name}, arguments...)
	return program()
}

// kubernetes runs a command the way all of Kubernetes' own main functions do.
func kubernetes(command func() *cobra.Command) func() error {
	return func() error {
		os.Exit(cli.Run(command()))
		return nil
	}
}
