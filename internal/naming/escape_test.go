package naming

import (
	"math/rand/v2"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// odd returns short texts of the characters that matter, so that all kinds of neighbours occur, and
// any two texts are similar.
func odd(random *rand.Rand) string {
	parts := []string{
		"a",
		"F",
		"1",
		"20",
		".",
		"..",
		"-",
		"_",
		"__",
		"+",
		"!",
		"%",
		"%2E",
		"/",
		"@",
		"{",
		"~",
		" ",
		".lock",
		"é",
		"\xff",
		"\x00",
		"latest",
	}
	var text strings.Builder
	for range random.IntN(5) {
		text.WriteString(parts[random.IntN(len(parts))])
	}
	return text.String()
}

var ociTag = regexp.MustCompile(`^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$`)

func TestImageTagsAreValidAndGoBack(t *testing.T) {
	random, versions := rand.New(rand.NewPCG(1, 2)), map[string]string{}
	for range 200_000 {
		version := odd(random)
		tag, err := ImageTag(version)
		if err != nil {
			if version != "" && version != "latest" {
				t.Fatalf("%q: %v", version, err)
			}
			continue
		}
		if other, taken := versions[tag]; taken && other != version || !ociTag.MatchString(tag) || tag == "latest" {
			t.Fatalf("%q has the tag %q, as %q", version, tag, other)
		}
		versions[tag] = version
		if back, ok := VersionOf(tag); !ok || back != version {
			t.Fatalf("%q has the tag %q, which goes back to %q, %v", version, tag, back, ok)
		}
	}
	for version, want := range map[string]string{"1.4.0-rc.1": "1.4.0-rc.1", "1.0.0+5": "1.0.0_5", "1!2.0": "1__212.0",
		"1.0_1": "1.0__5F1",
		"1.0+":  "1.0__2B", "1++2": "1__2B_2"} {
		if got, err := ImageTag(version); got != want || err != nil {
			t.Errorf("ImageTag(%q) = %q, %v; want %q", version, got, err, want)
		}
	}
	for _, tag := range []string{"", "latest", "1_", "1__zz", "1__5f", "1__41", "_1_", "1__"} {
		if version, ok := VersionOf(tag); ok {
			t.Errorf("VersionOf(%q) = %q", tag, version)
		}
	}
	if _, err := ImageTag(strings.Repeat("1", 129)); err == nil {
		t.Error("129 characters are a tag")
	}
}

func TestGitTagsGoBack(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, template := range []Template{DefaultTemplate, "v{version}", "{name}/v{version}", "{name}@{version}"} {
		for range 50_000 {
			name, version := odd(random), odd(random)
			if name == "" || version == "" {
				continue
			}
			tag, err := template.Tag(name, version)
			if err != nil {
				t.Fatalf("%q for %q %q: %v", template, name, version, err)
			}
			if back, ok := template.Version(name, tag); !ok || back != version {
				t.Fatalf("%q for %q %q: the tag %q goes back to %q, %v", template, name, version, tag, back, ok)
			}
		}
	}
}

// TestGitAcceptsTheTags makes refs with git itself, which checks each.
func TestGitAcceptsTheTags(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for range 300 {
		name, version := odd(random), odd(random)
		if name == "" || version == "" {
			continue
		}
		tag, err := DefaultTemplate.Tag(name, version)
		if err != nil {
			t.Fatalf("%q %q: %v", name, version, err)
		}
		if out, err := exec.Command("git", "check-ref-format", "refs/tags/"+tag).CombinedOutput(); err != nil {
			t.Errorf("git refuses %q, for %q %q: %v %s", tag, name, version, err, out)
		}
	}
}

var ociName = regexp.MustCompile(`^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$`)

func TestImagesAreValid(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	for range 100_000 {
		name := odd(random)
		image := Image(name)
		if image != "" && !ociName.MatchString(image) {
			t.Fatalf("Image(%q) = %q", name, image)
		}
	}
	for name, want := range map[string]string{"@acme/Shop_API": "acme/shop_api", "Acme.Shop": "acme.shop",
		"my app": "my-app", "a__b": "a__b",
		"a--b": "a--b", "a.-b": "a-b", "com.acme:shop": "com.acme-shop", "é": ""} {
		if got := Image(name); got != want {
			t.Errorf("Image(%q) = %q, want %q", name, got, want)
		}
	}
}

func FuzzEscapes(f *testing.F) {
	f.Add("1!2.0", "1.0.0_5")
	f.Fuzz(func(t *testing.T, version, tag string) {
		if made, err := ImageTag(version); err == nil {
			if back, ok := VersionOf(made); !ok || back != version {
				t.Errorf("%q has the tag %q, which goes back to %q, %v", version, made, back, ok)
			}
		}
		if back, ok := VersionOf(tag); ok {
			if made, err := ImageTag(back); err != nil || made != tag {
				t.Errorf("%q is of %q, whose tag is %q, %v", tag, back, made, err)
			}
		}
		if back, ok := gitUnescape(gitEscape(version)); !ok || back != version {
			t.Errorf("git: %q goes back to %q, %v", version, back, ok)
		}
	})
}
