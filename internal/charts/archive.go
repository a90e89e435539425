package charts

import (
	"archive/tar"
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/yaml"

	"dagger/ship/internal/helm"
	"dagger/ship/internal/registry"
)

// Package is what a chart is published as.
type Package struct {
	Version string // of the chart and of the app in it
	Values  string // over those of its values.yaml, as JSON or YAML
	When    time.Time
}

// NameOf is the chart's, by its Chart.yaml.
func NameOf(chart []byte) (string, error) {
	var says struct{ Name string }
	if err := yaml.Unmarshal(chart, &says); err != nil {
		return "", fmt.Errorf("the file Chart.yaml: %w", err)
	}
	if says.Name == "" {
		return "", errors.New("it says no name")
	}
	return says.Name, nil
}

// maxUnpacked is how many bytes of a chart's files are taken in.
const maxUnpacked = 32 << 20

// Pack makes of a chart's files, a tar whose first folder is the chart's, what a registry keeps of it: an
// archive, and what Chart.yaml says (https://helm.sh/docs/topics/registries/#helm-chart-manifest). The
// same files give the same bytes. What values.yaml says loses its comments.
func (p Package) Pack(files []byte) (registry.Artifact, error) {
	contents, err := untar(files)
	if err != nil {
		return registry.Artifact{}, err
	}
	chart := map[string]any{}
	if err := yaml.Unmarshal(contents["Chart.yaml"], &chart); err != nil {
		return registry.Artifact{}, fmt.Errorf("the file Chart.yaml: %w", err)
	}
	chart["version"], chart["appVersion"] = p.Version, p.Version
	name, _ := chart["name"].(string)
	var values, over map[string]any
	if err := yaml.Unmarshal(contents["values.yaml"], &values); err != nil {
		return registry.Artifact{}, fmt.Errorf("values.yaml: %w", err)
	}
	if err := yaml.Unmarshal([]byte(p.Values), &over); err != nil {
		return registry.Artifact{}, fmt.Errorf("the image's values: %w", err)
	}
	for file, said := range map[string]any{"Chart.yaml": chart, "values.yaml": helm.Merged(values, over)} {
		if contents[file], err = yaml.Marshal(said); err != nil {
			return registry.Artifact{}, fmt.Errorf("%s: %w", file, err)
		}
	}
	config, err := json.Marshal(chart)
	if err != nil {
		return registry.Artifact{}, fmt.Errorf("the file Chart.yaml: %w", err)
	}
	archive, err := p.archive(name, contents)
	if err != nil {
		return registry.Artifact{}, fmt.Errorf("pack the chart: %w", err)
	}
	return registry.Artifact{
		Config: registry.Blob{MediaType: "application/vnd.cncf.helm.config.v1+json", Data: config},
		Layer:  registry.Blob{MediaType: layerType, Data: archive},
	}, nil
}

// untar is what files are in a tar, by their paths without the first folder.
func untar(data []byte) (map[string][]byte, error) {
	contents, left := map[string][]byte{}, int64(maxUnpacked)
	for files := tar.NewReader(bytes.NewReader(data)); ; {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return contents, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read the chart's files: %w", err)
		}
		_, name, _ := strings.Cut(strings.TrimPrefix(path.Clean(header.Name), "./"), "/")
		if header.Typeflag != tar.TypeReg || name == "" {
			continue
		}
		if left -= header.Size; left < 0 {
			return nil, fmt.Errorf("the chart has more than %d MB", maxUnpacked>>20)
		}
		if contents[name], err = io.ReadAll(files); err != nil {
			return nil, fmt.Errorf("read the chart's files: %w", err)
		}
	}
}

func (p Package) archive(name string, contents map[string][]byte) ([]byte, error) {
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	files := tar.NewWriter(zip)
	for _, file := range slices.SortedFunc(maps.Keys(contents), chartFirst) {
		header := &tar.Header{
			Name: name + "/" + file, Mode: 0o644, Size: int64(len(contents[file])), ModTime: p.When.UTC(),
		}
		if err := files.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := files.Write(contents[file]); err != nil {
			return nil, err
		}
	}
	err := errors.Join(files.Close(), zip.Close())
	return out.Bytes(), err
}

// chartFirst orders files as Helm does: Chart.yaml comes first.
func chartFirst(a, b string) int {
	first := func(name string) int {
		if name == "Chart.yaml" {
			return 0
		}
		return 1
	}
	return cmp.Or(cmp.Compare(first(a), first(b)), cmp.Compare(a, b))
}
