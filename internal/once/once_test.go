package once

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
)

func TestOneAsks(t *testing.T) {
	var answers Answers[string, int]
	var asked atomic.Int32
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			got, err := answers.Get("seven", func() (int, error) { asked.Add(1); return 7, nil })
			if got != 7 || err != nil {
				t.Errorf("got %d, %v", got, err)
			}
		})
	}
	group.Wait()
	if asked.Load() != 1 {
		t.Errorf("it was asked %d times", asked.Load())
	}
	answers.Forget("seven")
	if got, _ := answers.Get("seven", func() (int, error) { return 8, nil }); got != 8 {
		t.Errorf("after it was forgotten: %d", got)
	}
	answers.Know("nine", 9)
	if got, _ := answers.Get("nine", func() (int, error) { return 0, nil }); got != 9 {
		t.Errorf("what came unasked: %d", got)
	}
}

func TestFailureIsForgotten(t *testing.T) {
	var answers Answers[int, string]
	if _, err := answers.Get(1, func() (string, error) { return "", errors.New("no") }); err == nil {
		t.Error("the failure is not returned")
	}
	if got, err := answers.Get(1, func() (string, error) { return "yes", nil }); got != "yes" || err != nil {
		t.Errorf("asked again: %q, %v", got, err)
	}
}
