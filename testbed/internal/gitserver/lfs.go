package gitserver

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
)

// lfsPath is an address of GitLab's for Git LFS: the batch API
// (https://github.com/git-lfs/git-lfs/blob/main/docs/api/batch.md), and where it keeps objects.
var lfsPath = regexp.MustCompile(`^/(.+?)\.git/` +
	`(info/lfs/objects/batch|gitlab-lfs/objects/([0-9a-f]{64})(?:/([0-9]+))?)$`)

const lfsType = "application/vnd.git-lfs+json"

// lfsOf names the repository and the operation of a request for Git LFS.
func lfsOf(r *http.Request) (repository, operation string, is bool) {
	match := lfsPath.FindStringSubmatch(r.URL.Path)
	switch {
	case match == nil:
		return "", "", false
	case match[3] == "":
		return match[1], "lfs-batch", true
	case r.Method == http.MethodPut:
		return match[1], "lfs-upload", true
	}
	return match[1], "lfs-download", true
}

// lfs answers for Git LFS. Who may fetch may download, and who may push may upload.
func (s *Server) lfs(w http.ResponseWriter, r *http.Request, repository, operation string) {
	var ask lfsBatch
	if operation == "lfs-batch" {
		if err := json.NewDecoder(io.LimitReader(r.Body, 1<<20)).Decode(&ask); err != nil || len(ask.Objects) > 100 {
			lfsProblem(w, http.StatusUnprocessableEntity, "no batch of at most 100 objects")
			return
		}
	}
	write := operation == "lfs-upload" || ask.Operation == "upload"
	known, public := s.lookUp(repository)
	if refusal := s.authorize(r, write, known, public, s.jobMayPush(repository)); refusal != nil {
		if refusal.status == http.StatusUnauthorized {
			w.Header().Set("LFS-Authenticate", `Basic realm="GitLab"`)
		}
		lfsProblem(w, refusal.status, refusal.words)
		return
	}
	match := lfsPath.FindStringSubmatch(r.URL.Path)
	folder, err := s.folder(repository)
	if err != nil {
		lfsProblem(w, http.StatusNotFound, err.Error())
		return
	}
	objects := filepath.Join(folder, "lfs-objects")
	file := filepath.Join(objects, match[3])
	switch operation {
	case "lfs-batch":
		s.lfsBatch(w, r, objects, ask)
	case "lfs-upload":
		lfsUpload(w, r, file, match[3], match[4])
	default:
		http.ServeFile(w, r, file)
	}
}

type lfsBatch struct {
	Operation string
	Objects   []struct {
		OID  string
		Size int64
	}
}

// lfsBatch says where objects are to be had, or to be put.
func (s *Server) lfsBatch(w http.ResponseWriter, r *http.Request, folder string, ask lfsBatch) {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	base := scheme + "://" + r.Host + "/" + lfsPath.FindStringSubmatch(r.URL.Path)[1] + ".git/gitlab-lfs/objects/"
	header := map[string]string{}
	if login := r.Header.Get("Authorization"); login != "" {
		header["Authorization"] = login
	}
	objects := []any{}
	for _, wanted := range ask.Objects {
		said := map[string]any{"oid": wanted.OID, "size": wanted.Size, "authenticated": true}
		_, err := os.Stat(filepath.Join(folder, filepath.Base(wanted.OID)))
		action := map[string]any{"href": base + wanted.OID, "header": header}
		switch {
		case ask.Operation == "upload" && err != nil:
			action["href"] = base + wanted.OID + "/" + strconv.FormatInt(wanted.Size, 10)
			said["actions"] = map[string]any{"upload": action}
		case ask.Operation == "upload": // it is there
		case err != nil:
			delete(said, "authenticated")
			said["error"] = map[string]any{"code": 404,
				"message": "Object does not exist on the server or you don't have permissions to access it"}
		default:
			said["actions"] = map[string]any{"download": action}
		}
		objects = append(objects, said)
	}
	w.Header().Set("Content-Type", lfsType)
	_ = json.NewEncoder(w).Encode(map[string]any{"transfer": "basic", "objects": objects})
}

// lfsUpload keeps an object if it is what it is called.
func lfsUpload(w http.ResponseWriter, r *http.Request, file, oid, size string) {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		lfsProblem(w, http.StatusInternalServerError, err.Error())
		return
	}
	part, err := os.CreateTemp(filepath.Dir(file), "part-*")
	if err != nil {
		lfsProblem(w, http.StatusInternalServerError, err.Error())
		return
	}
	defer os.Remove(part.Name())
	defer part.Close()
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(part, sum), r.Body)
	if err != nil || hex.EncodeToString(sum.Sum(nil)) != oid || strconv.FormatInt(n, 10) != size {
		lfsProblem(w, http.StatusBadRequest, "the object is not what it is called")
		return
	}
	if err := os.Rename(part.Name(), file); err != nil {
		lfsProblem(w, http.StatusInternalServerError, err.Error())
	}
}

func lfsProblem(w http.ResponseWriter, status int, words string) {
	w.Header().Set("Content-Type", lfsType)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"message": words})
}
