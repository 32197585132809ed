package catalog

import (
	"embed"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

//go:embed *.yaml
var files embed.FS

const suffix = ".yaml"

// Lab is a ready lab in a list.
type Lab struct {
	Name        string `json:"name"`
	Description string `json:"description"` // one line
	Group       string `json:"group"`
}

// Names returns the names of the ready labs, sorted.
func Names() []string {
	matches, _ := files.ReadDir(".") // the embedded directory always exists
	var names []string
	for _, m := range matches {
		names = append(names, strings.TrimSuffix(path.Base(m.Name()), suffix))
	}
	slices.Sort(names)
	return names
}

// Get returns the lab file of that name.
func Get(name string) (data []byte, ok bool) {
	data, err := files.ReadFile(name + suffix)
	return data, err == nil
}

// List returns every ready lab with its description, sorted by name.
func List() []Lab {
	var labs []Lab
	for _, name := range Names() {
		labs = append(labs, Lab{Name: name, Description: describe(name), Group: groupOf(name)})
	}
	return labs
}

// describe returns the `description:` of a ready lab.
func describe(name string) string {
	data, _ := Get(name)
	var head struct {
		Description string `yaml:"description"`
	}
	if err := yaml.Unmarshal(data, &head); err != nil {
		return ""
	}
	return head.Description
}
