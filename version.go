package main

import "context"

// Version is what a project's manifest says.
type Version struct {
	// The project's name
	Name string
	// The version, letter for letter
	Version string
	// The manifest that they come from, relative to the source
	Manifest string
	// Whether the version comes before a final release, as 1.4.0-rc.1 does
	Prerelease bool
}

// Tag is a tag on the git remote.
type Tag struct {
	// The tag's name, as shop-1.4.0
	Name string
	// The commit that it peels to
	Commit string
	// Whether this call pushed it; false: it was there
	Pushed bool
}

// Version and name of the project, as its manifest says.
//
// It fails, with file and line, if there is none, if the version is not valid, or if only running
// code would tell it.
// +cache="session"
func (s *Ship) Version(ctx context.Context) (*Version, error) {
	r, err := s.one(ctx)
	if err != nil {
		return nil, err
	}
	project, err := r.Version()
	if err != nil {
		return nil, err
	}
	return &Version{project.Name, project.Version.Text, project.Path, project.Version.Prerelease()}, nil
}

// Tag the version's commit on the git remote, if it has no such tag.
//
// The tag is annotated, and never moved. Mind that release builds before it tags, so that a version
// that does not build gets none.
// +cache="session"
func (s *Ship) Tag(ctx context.Context) (*Tag, error) {
	r, err := s.one(ctx)
	if err != nil {
		return nil, err
	}
	tag, pushed, err := r.Tag(ctx)
	if err != nil {
		return nil, err
	}
	return &Tag{Name: tag.Name, Commit: tag.Commit, Pushed: pushed}, nil
}
