package converge

import (
	"strings"
	"testing"

	"dagger/ship/internal/version"
)

// TestEqual has two versions that rank as high: the second one is refused, and an older job does
// not undo what the other one did.
func TestEqual(t *testing.T) {
	parse := func(scheme version.Scheme, text string) version.Version {
		v, err := version.Parse(scheme, text)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct {
		scheme     version.Scheme
		own, other string
	}{{version.PEP440, "1.0", "1.0.0"}, {version.SemVer, "0.3.0+20260101", "0.3.0+20260201"}, {version.Gradle, "v1.4",
		"1.4"}, {version.Helm, "1.2", "v1.2.0"}} {
		f := Facts{
			Name:    c.own,
			Version: parse(c.scheme, c.own),
			Commit:  head,
			Tag:     "shop-" + c.own,
			Images:  []Image{{Address: "h/shop:" + c.own}},
			Others:  []version.Version{parse(c.scheme, c.other)},
		}
		if _, err := Decide(f, Options{}); err == nil ||
			!strings.Contains(err.Error(), c.own+" ranks as high as "+c.other+", which is tagged already") {
			t.Errorf("%s: %v", c.own, err)
		}
		f.Tagged = head
		f.Images[0] = Image{Address: "h/shop:" + c.own, Revision: head, Digest: "sha256:1", Latest: "sha256:2"}
		f.Environments = []Environment{{Name: "production", Version: c.other, Digest: "sha256:2", Status: "deployed"}}
		plan, err := Decide(f, Options{})
		if err != nil || plan.Anything().Needed {
			t.Errorf("%s: %v, %v", c.own, plan.Anything(), err)
		}
		f.Others = append(f.Others, f.Version) // its own tag is no other version
		f.Environments[0].Version = c.own
		if plan, _ := Decide(f, Options{}); !plan.Deploy[0].Needed {
			t.Errorf("%s: an image of another digest stays", c.own)
		}
	}
	flutter := Facts{
		Name:    "1.4.2+44",
		Version: parse(version.Pub, "1.4.2+44"),
		Commit:  head,
		Others:  []version.Version{parse(version.Pub, "1.4.2+46")},
	}
	if _, err := Decide(flutter, Options{}); err == nil ||
		!strings.Contains(err.Error(), "1.4.2+44 is lower than 1.4.2+46") {
		t.Error(err)
	}
}
