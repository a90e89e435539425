package converge

import (
	"slices"
	"strings"
)

// Notes is the release object that GitLab has for the version's tag.
type Notes struct {
	Wanted  bool   // whether there is to be one
	Found   bool   // whether there is one
	Text    string // what it says
	Failure string // why nobody knows whether there is one; empty: it was looked at
}

// TellNotes decides on the release object: it is to name the images by their digests. People may write
// anything else into it.
func TellNotes(f Facts) Step {
	name := "GitLab's release " + f.Tag
	switch {
	case !f.Notes.Wanted:
		return Step{false, "there is no GitLab to tell"}
	case f.Notes.Failure != "":
		return Step{true, "whether there is " + name + " is unknown: " + f.Notes.Failure}
	case !f.Notes.Found:
		return Step{true, name + " is missing"}
	case slices.ContainsFunc(f.Images, func(i Image) bool {
		return i.Digest == "" || !strings.Contains(f.Notes.Text, i.Digest)
	}):
		return Step{true, name + " does not name the image"}
	}
	return Step{false, name + " names the image"}
}
