package gitserver

import (
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"dagger/ship/testbed/control"
)

// gitConfig is what GitLab's servers set: partial clones and any reachable or unreachable SHA in a fetch, push
// options, packs checked. No background gc: nothing may outlive the testbed.
const gitConfig = `[core]
	hooksPath = %s
[init]
	defaultBranch = main
[safe]
	directory = *
[protocol]
	version = 2
[uploadpack]
	allowFilter = true
	allowAnySHA1InWant = true
[receive]
	advertisePushOptions = true
	fsckObjects = true
	autoGC = false
[gc]
	auto = 0
[maintenance]
	auto = false
`

//go:embed pre-receive.sh
var preReceive []byte

func (s *Server) repositories() string { return filepath.Join(s.config.Folder, "repositories") }

func (s *Server) environment() []string {
	return []string{
		"PATH=" + os.Getenv("PATH"),
		"HOME=" + s.config.Folder,
		"GIT_CONFIG_NOSYSTEM=1",
		"GIT_CONFIG_GLOBAL=" + filepath.Join(s.config.Folder, "gitconfig"),
	}
}

func (s *Server) writeConfig() error {
	hooks := filepath.Join(s.config.Folder, "hooks")
	for _, folder := range []string{s.repositories(), hooks} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return fmt.Errorf("make the git server's folder: %w", err)
		}
	}
	if err := os.WriteFile(filepath.Join(hooks, "pre-receive"), preReceive, 0o755); err != nil {
		return fmt.Errorf("write the pre-receive hook: %w", err)
	}
	text := fmt.Sprintf(gitConfig, hooks)
	if err := os.WriteFile(filepath.Join(s.config.Folder, "gitconfig"), []byte(text), 0o644); err != nil {
		return fmt.Errorf("write the git server's configuration: %w", err)
	}
	return nil
}

// validPath keeps a repository inside the folder: groups and a name of the characters that GitLab allows.
var validPath = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)+$`)

func (s *Server) folder(path string) (string, error) {
	if !validPath.MatchString(path) || strings.HasSuffix(path, ".git") {
		return "", fmt.Errorf("%q is no repository path: want GROUP/NAME, without .git", path)
	}
	return filepath.Join(s.repositories(), path+".git"), nil
}

// lookUp says whether a repository is there and whether anyone may read it.
func (s *Server) lookUp(path string) (known, public bool) {
	folder, err := s.folder(path)
	if err != nil {
		return false, false
	}
	if _, err := os.Stat(filepath.Join(folder, "HEAD")); err != nil {
		return false, false
	}
	_, err = os.Stat(filepath.Join(folder, "public"))
	return true, err == nil
}

// jobMayPush says whether a repository takes pushes with a job token.
func (s *Server) jobMayPush(path string) bool {
	folder, err := s.folder(path)
	if err != nil {
		return false
	}
	_, err = os.Stat(filepath.Join(folder, "no-job-push"))
	return os.IsNotExist(err)
}

// Create makes an empty bare repository. It is an error when it is there already.
func (s *Server) Create(repository control.Repository) error {
	folder, err := s.folder(repository.Path)
	if err != nil {
		return err
	}
	if known, _ := s.lookUp(repository.Path); known {
		return fmt.Errorf("the repository %s is there already", repository.Path)
	}
	if out, err := s.command("init", "--quiet", "--bare", folder); err != nil {
		return fmt.Errorf("make the repository %s: %w: %s", repository.Path, err, out)
	}
	return s.Change(repository)
}

// Change sets all settings of a repository.
func (s *Server) Change(repository control.Repository) error {
	folder, err := s.folder(repository.Path)
	if err != nil {
		return err
	}
	if known, _ := s.lookUp(repository.Path); !known {
		return fmt.Errorf("there is no repository %s", repository.Path)
	}
	// One pattern a line, beside git's own files: the hook reads it.
	patterns := strings.Join(append(repository.ProtectedTags, ""), "\n")
	if err := os.WriteFile(filepath.Join(folder, "protected-tags"), []byte(patterns), 0o644); err != nil {
		return fmt.Errorf("write the protected tags of %s: %w", repository.Path, err)
	}
	for marker, on := range map[string]bool{"public": repository.Public, "no-job-push": repository.NoJobPush} {
		path := filepath.Join(folder, marker)
		if on {
			err = os.WriteFile(path, nil, 0o644)
		} else if err = os.Remove(path); os.IsNotExist(err) {
			err = nil
		}
		if err != nil {
			return fmt.Errorf("set %s of %s to %t: %w", marker, repository.Path, on, err)
		}
	}
	return nil
}

func (s *Server) command(arguments ...string) ([]byte, error) {
	command := exec.Command(s.git, arguments...)
	command.Env = s.environment()
	return command.CombinedOutput()
}
