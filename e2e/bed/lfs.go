package bed

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
)

// PutLarge puts contents onto the git server's LFS server as Git LFS does, and returns the pointer for them.
func (a *App) PutLarge(ctx context.Context, data []byte) (pointer string, err error) {
	sum := sha256.Sum256(data)
	oid := hex.EncodeToString(sum[:])
	pointer = fmt.Sprintf("version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n", oid, len(data))
	ask := fmt.Sprintf(`{"operation":"upload","transfers":["basic"],"objects":[{"oid":%q,"size":%d}]}`, oid, len(data))
	var answer struct {
		Objects []struct {
			Actions struct{ Upload struct{ Href string } }
		}
	}
	err = a.askLFS(ctx, http.MethodPost, a.Git.URL+"/"+a.Repo+".git/info/lfs/objects/batch", []byte(ask), &answer)
	if err != nil || len(answer.Objects) != 1 || answer.Objects[0].Actions.Upload.Href == "" { // it may be there
		return pointer, err
	}
	return pointer, a.askLFS(ctx, http.MethodPut, answer.Objects[0].Actions.Upload.Href, data, nil)
}

func (a *App) askLFS(ctx context.Context, method, address string, body []byte, answer any) error {
	request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/vnd.git-lfs+json")
	request.SetBasicAuth(a.Git.User, a.Git.Token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s", method, address, response.Status)
	}
	if answer == nil {
		return nil
	}
	return json.NewDecoder(response.Body).Decode(answer)
}
