// Package simulated plays a node with kwok, for machines that do not allow a real one. Pods that are scheduled to
// it become ready at once, without an image, a network or logs; those with `badpull` or `crash` in an image's
// name fail as their names say, with the states and events of a kubelet.
package simulated

import (
	_ "embed"
	"fmt"
	"os"
	"strings"

	"dagger/ship/testbed/cluster/internal/layout"
	nodes "sigs.k8s.io/kwok/kustomize/stage/node/fast"
	heartbeats "sigs.k8s.io/kwok/kustomize/stage/node/heartbeat-with-lease"
	pods "sigs.k8s.io/kwok/kustomize/stage/pod/fast"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

//go:embed failures.yaml
var failures string

// Configure writes kwok's configuration: its own stages for nodes and pods, and ours for failures.
func Configure(folder layout.Folder) error {
	stages := []string{
		nodes.DefaultNodeInit, heartbeats.DefaultNodeHeartbeatWithLease,
		pods.DefaultPodReady, pods.DefaultPodComplete, pods.DefaultPodDelete,
		failures,
	}
	if err := os.WriteFile(folder.Run("kwok.yaml"), []byte(strings.Join(stages, "\n---\n")), 0o600); err != nil {
		return fmt.Errorf("write kwok's configuration: %w", err)
	}
	return nil
}

// Kwok is kwok's command line.
func Kwok(folder layout.Folder, kubeconfig string) []string {
	return []string{
		"kwok",
		"--config=" + folder.Run("kwok.yaml"),
		"--kubeconfig=" + kubeconfig,
		"--manage-all-nodes=true",
		"--node-lease-duration-seconds=40",
		"--cidr=10.244.0.0/16",
	}
}

// Node is the node that kwok is to play. It has room for what a test may deploy.
func Node() *corev1.Node {
	return &corev1.Node{ObjectMeta: metav1.ObjectMeta{
		Name: "simulated",
		Labels: map[string]string{corev1.LabelHostname: "simulated", corev1.LabelOSStable: "linux",
			corev1.LabelArchStable: "amd64"},
	}}
}
