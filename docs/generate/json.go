package main

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
)

// jsonPage returns the reference of the JSON documents. Comments of the fields
// explain the keys.
func jsonPage() (string, error) {
	meaning, err := comments(filepath.Join(root, "status"))
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString(note + jsonIntro)
	for _, d := range documents() {
		fmt.Fprintf(&b, "\n## %s\n\n| key | kind | |\n|---|---|---|\n", d.command)
		for _, k := range d.keys() {
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", k.path, k.kind, cell(meaning[k.field]))
		}
	}
	return b.String(), nil
}

const jsonIntro = "# JSON and YAML\n\n" +
	"The keys of `-o json` and `-o yaml` are a contract: scripts may rely on them, and changes are announced in the\n" +
	"[CHANGELOG](../CHANGELOG.md). Keys may be added. `-o yaml` prints the same document as `-o json`.\n\n" +
	"Keys are in the notation of `jq`. Every key is always present. A list may be empty but is never null. An *address*,\n" +
	"a *prefix* and a *time* (RFC 3339) are strings; a missing address or prefix is `\"\"`.\n" +
	"[json-keys.txt](json-keys.txt) has the keys and kinds alone.\n"

// comments reads the comments of the struct fields of a package, by TYPE.FIELD:
// those after a field, else those above.
func comments(dir string) (map[string]string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			named, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			if s, ok := named.Type.(*ast.StructType); ok {
				fieldComments(found, named.Name.Name, s)
			}
			return false
		})
	}
	return found, nil
}

func fieldComments(found map[string]string, owner string, s *ast.StructType) {
	for _, f := range s.Fields.List {
		for _, name := range f.Names {
			found[owner+"."+name.Name] = strings.TrimSpace(cmp.Or(f.Comment.Text(), f.Doc.Text()))
		}
	}
}
