// Package setup installs the Debian packages that the testbed needs and that are missing.
package setup

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Packages is what the testbed runs on, and what for.
var Packages = []struct{ Name, For string }{
	{"git", "the git server"},
	{"debootstrap", "base images"},
	{"debian-archive-keyring", "base images"},
	{"busybox-static", "base images"},
	{"runc", "the cluster's node and BuildKit"},
	{"containernetworking-plugins", "the cluster's node"},
	{"rsync", "tests of GitLab pipelines"},
	{"procps", "tests that look for processes left behind"},
}

// Install installs what is missing and says what it did and how long that took.
func Install(ctx context.Context, log io.Writer) error {
	missing := missing(ctx)
	if len(missing) == 0 && haveLists() {
		return nil
	}
	start := time.Now()
	if !haveLists() {
		fmt.Fprintln(log, "reading Debian's package lists …")
		if err := aptGet(ctx, "update"); err != nil {
			return err
		}
	}
	if len(missing) == 0 {
		return nil
	}
	for _, one := range Packages {
		if slices.Contains(missing, one.Name) {
			fmt.Fprintf(log, "installing %s, for %s …\n", one.Name, one.For)
		}
	}
	err := aptGet(ctx, append([]string{"install", "-y", "--no-install-recommends"}, missing...)...)
	if err != nil {
		// The lists may be older than what the mirror still has.
		if err := aptGet(ctx, "update"); err != nil {
			return err
		}
		err = aptGet(ctx, append([]string{"install", "-y", "--no-install-recommends"}, missing...)...)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(log, "installed in %.0f s\n", time.Since(start).Seconds())
	return nil
}

// missing asks dpkg which of the packages are not installed.
func missing(ctx context.Context) []string {
	var out []string
	for _, one := range Packages {
		status, err := exec.CommandContext(ctx, "dpkg-query", "-W", "-f", "${db:Status-Status}", one.Name).Output()
		if err != nil || string(status) != "installed" {
			out = append(out, one.Name)
		}
	}
	return out
}

// haveLists says whether apt has any package list.
func haveLists() bool {
	lists, _ := filepath.Glob("/var/lib/apt/lists/*_Packages*")
	return len(lists) > 0
}

func aptGet(ctx context.Context, arguments ...string) error {
	command := exec.CommandContext(ctx, "apt-get", arguments...)
	command.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	out, err := command.CombinedOutput()
	if err != nil {
		return fmt.Errorf("run apt-get %s: %w\n%s", strings.Join(arguments, " "), err, out)
	}
	return nil
}
