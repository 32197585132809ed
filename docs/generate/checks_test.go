package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// The page has the words of every remedy in doctor's source.
func TestEveryRemedyIsTold(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "doctor", "judge*.go"))
	if err != nil {
		t.Fatal(err)
	}
	page := troubleshooting()
	seen := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, words := range remedies(t, parsed) {
			seen++
			if words = strings.TrimSpace(words); !strings.Contains(page, words) {
				t.Errorf("%s: no server of checks.go gets the remedy %q", filepath.Base(file), words)
			}
		}
	}
	if seen < 30 {
		t.Errorf("only %d remedies seen", seen)
	}
}

// remedies returns the strings in the last argument of the functions that make
// findings, and those assigned to a variable called remedy.
func remedies(t *testing.T, f *ast.File) []string {
	var found []string
	stringsIn := func(e ast.Expr) {
		ast.Inspect(e, func(n ast.Node) bool {
			if index, ok := n.(*ast.IndexExpr); ok && index != nil {
				return false
			}
			if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
				words, err := strconv.Unquote(l.Value)
				if err != nil {
					t.Fatal(err)
				}
				found = append(found, strings.Split(strings.ReplaceAll(words, "%d", "%s"), "%s")...)
			}
			return true
		})
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			name, ok := n.Fun.(*ast.Ident)
			if ok && (name.Name == "warn" || name.Name == "fail" || name.Name == "refused") {
				stringsIn(n.Args[len(n.Args)-1])
			}
		case *ast.AssignStmt:
			for i, left := range n.Lhs {
				if name, ok := left.(*ast.Ident); ok && name.Name == "remedy" && i < len(n.Rhs) {
					stringsIn(n.Rhs[i])
				}
			}
		case *ast.ValueSpec:
			for i, name := range n.Names {
				if name.Name == "remedy" && i < len(n.Values) {
					stringsIn(n.Values[i])
				}
			}
		}
		return true
	})
	return found
}
