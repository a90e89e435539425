package session

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// call is one step of the query that makes an object: a field, called on what the step before it made. A chain of
// calls is the object's ID. Arguments that name other objects are calls too, so that an ID stands on its own.
type call struct {
	parent *call // nil: the query's root
	field  string
	args   map[string]any     // arguments that are values
	refs   map[string][]*call // arguments that are objects
	nth    int                // which element of a list that the field returned, counted from 1; 0: no list
	digest string
}

// newCall makes a step. Its digest covers the whole chain, so that equal digests mean equal objects.
func newCall(parent *call, field string, args map[string]any, refs map[string][]*call, nth int) *call {
	c := &call{parent: parent, field: field, args: args, refs: refs, nth: nth}
	if len(args) == 0 {
		c.args = nil // an ID that was read back has none either
	}
	digests := map[string][]string{}
	for name, list := range refs {
		for _, ref := range list {
			digests[name] = append(digests[name], ref.digest)
		}
	}
	// maps are written with sorted keys, which makes this text the same for equal calls
	text, _ := json.Marshal([]any{parent.digestOrNone(), field, c.args, digests, nth})
	sum := sha256.Sum256(text)
	c.digest = hex.EncodeToString(sum[:])
	return c
}

func (c *call) digestOrNone() string {
	if c == nil {
		return ""
	}
	return c.digest
}

// step is a call as it is written in an ID. Calls are named by their place in the list, counted from 1.
type step struct {
	Parent int              `json:"p,omitempty"`
	Field  string           `json:"f"`
	Args   map[string]any   `json:"a,omitempty"`
	Refs   map[string][]int `json:"r,omitempty"`
	Nth    int              `json:"n,omitempty"`
}

// id writes the call, and all that it needs, as an object's ID: the steps as a list, in JSON, compressed, in base64.
func (c *call) id() (string, error) {
	var steps []step
	places := map[string]int{}
	var place func(*call) int
	place = func(c *call) int {
		if c == nil {
			return 0
		}
		if at, is := places[c.digest]; is {
			return at
		}
		s := step{Parent: place(c.parent), Field: c.field, Args: c.args, Nth: c.nth}
		for name, list := range c.refs {
			for _, ref := range list {
				if s.Refs == nil {
					s.Refs = map[string][]int{}
				}
				s.Refs[name] = append(s.Refs[name], place(ref))
			}
		}
		steps = append(steps, s)
		places[c.digest] = len(steps)
		return len(steps)
	}
	place(c)
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestSpeed)
	if err == nil {
		err = errors.Join(json.NewEncoder(w).Encode(steps), w.Close())
	}
	return base64.RawURLEncoding.EncodeToString(packed.Bytes()), err
}

// parseID reads what id wrote. It fails on anything else.
func parseID(id string) (*call, error) {
	packed, err := base64.RawURLEncoding.DecodeString(id)
	if err != nil {
		return nil, fmt.Errorf("read object ID: %w", err)
	}
	text, err := io.ReadAll(flate.NewReader(bytes.NewReader(packed)))
	if err != nil {
		return nil, fmt.Errorf("unpack object ID: %w", err)
	}
	var steps []step
	if err := json.Unmarshal(text, &steps); err != nil {
		return nil, fmt.Errorf("read object ID: %w", err)
	}
	calls := []*call{nil}
	at := func(place int) (*call, error) {
		if place < 0 || place >= len(calls) {
			return nil, errors.New("read object ID: a step names one that comes later")
		}
		return calls[place], nil
	}
	for _, s := range steps {
		parent, err := at(s.Parent)
		if err != nil {
			return nil, err
		}
		refs := map[string][]*call{}
		for name, list := range s.Refs {
			for _, place := range list {
				ref, err := at(place)
				if err != nil {
					return nil, err
				}
				refs[name] = append(refs[name], ref)
			}
		}
		calls = append(calls, newCall(parent, s.Field, s.Args, refs, s.Nth))
	}
	if len(calls) == 1 {
		return nil, errors.New("read object ID: it is empty")
	}
	return calls[len(calls)-1], nil
}
