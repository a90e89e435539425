package session

import "testing"

func TestReason(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`Get "https://store.example/blob?signature=abc&key=1": 403`: `Get "https://store.example/blob?…": 403`,
		"two\nlines\x1b[0m": "two?lines?[0m",
		"not found":         "not found",
	} {
		if got := new(Session).reason(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}
