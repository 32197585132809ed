package pseudowan_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
)

// mapPage is where the rooms are explained to people.
const mapPage = "docs/architecture.md"

// roomInMap is a cell of the map's first column, which may name several rooms.
var roomInMap = regexp.MustCompile("`([a-z/0-9]+)`")

// The map names every package that has code, and nothing else.
func TestMapNamesEveryRoom(t *testing.T) {
	text, err := os.ReadFile(mapPage)
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(text), "\n| room | owns |\n")
	table, _, _ = strings.Cut(table, "\n\n")
	if !found {
		t.Fatalf("%s has no table of rooms", mapPage)
	}
	onMap := map[string]bool{"test/lab": true} // tests only
	named := map[string]bool{}
	for line := range strings.Lines(table) {
		for _, m := range roomInMap.FindAllStringSubmatch(strings.Split(line, " | ")[0], -1) {
			named[m[1]] = true
		}
	}
	for _, p := range packages(t) {
		onMap[p.name()] = true
		if !named[p.name()] {
			t.Errorf("%s does not say what package %s owns", mapPage, p.name())
		}
	}
	for room := range named {
		if !onMap[room] {
			t.Errorf("%s has a room %s that is not there", mapPage, room)
		}
	}
}

// Names of the code in the pages for developers.
var (
	codeName = regexp.MustCompile("`([a-z]+)\\.([A-Z][A-Za-z]*)(?:\\.([A-Z][A-Za-z]*))?`")
	codePath = regexp.MustCompile("`([a-z]+/[a-z0-9_/.-]+)`")
)

// What the pages for developers call by name is there.
func TestPagesNameWhatIsThere(t *testing.T) {
	declared := map[string]bool{}
	for _, p := range packages(t) {
		declareNames(t, declared, p)
	}
	seen := 0
	for _, page := range []string{mapPage, "CONTRIBUTING.md"} {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range codeName.FindAllStringSubmatch(string(text), -1) {
			seen++
			if name := strings.Trim(m[0], "`"); !declared[name] {
				t.Errorf("%s: there is no %s", page, name)
			}
		}
		for _, m := range codePath.FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(strings.Split(m[1], "/")[0]); err != nil {
				continue // not of this repository
			}
			seen++
			if _, err := os.Stat(m[1]); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
	}
	if seen < 30 {
		t.Errorf("only %d names seen", seen)
	}
}

// declareNames adds the exported names of p as package.Name, methods and fields
// as package.Type.Name.
func declareNames(t *testing.T, declared map[string]bool, p pkg) {
	t.Helper()
	prefix := path.Base(p.name()) + "."
	for _, file := range p.GoFiles {
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, file), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if n.Recv != nil {
					declared[prefix+receiver(n)+"."+n.Name.Name] = true
				} else {
					declared[prefix+n.Name.Name] = true
				}
				return false
			case *ast.TypeSpec:
				declared[prefix+n.Name.Name] = true
				for _, member := range members(n.Type) {
					declared[prefix+n.Name.Name+"."+member] = true
				}
			case *ast.ValueSpec:
				for _, name := range n.Names {
					declared[prefix+name.Name] = true
				}
			}
			return true
		})
	}
}

// members are the fields of a struct, or the methods of an interface.
func members(t ast.Expr) []string {
	var fields *ast.FieldList
	switch t := t.(type) {
	case *ast.StructType:
		fields = t.Fields
	case *ast.InterfaceType:
		fields = t.Methods
	default:
		return nil
	}
	var names []string
	for _, f := range fields.List {
		for _, name := range f.Names {
			names = append(names, name.Name)
		}
	}
	return names
}

// size is what a package consists of, tests apart.
type size struct {
	files, lines, exported, methods int
	busiest                         string // the type with the most methods
}

// TestMap prints the rooms, their sizes and who imports whom:
//
//	go test -run '^TestMap$' -v .
func TestMap(t *testing.T) {
	all := packages(t)
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "room\tfiles\tlines\texported\tmost methods\t\timports")
	both := map[string]bool{}
	arrows := map[[2]string]bool{}
	for _, p := range all {
		s := measure(t, p)
		imports := ourImports(p)
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%s\t%s\n", p.name(), s.files, s.lines, s.exported, s.methods, s.busiest, strings.Join(imports, " "))
		for _, i := range imports {
			if from, to := tree(p.name()), tree(i); from != to {
				arrows[[2]string{from, to}] = true
			}
		}
	}
	for a := range arrows {
		if arrows[[2]string{a[1], a[0]}] && a[0] < a[1] {
			both[a[0]+" and "+a[1]] = true
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d rooms in %d trees\n%s", len(all), len(trees(all)), &b)
	for pair := range both {
		t.Errorf("%s import each other", pair)
	}
}

// tree is the uppermost directory of a package.
func tree(name string) string {
	top, _, _ := strings.Cut(name, "/")
	return top
}

func trees(all []pkg) []string {
	found := map[string]bool{}
	for _, p := range all {
		found[tree(p.name())] = true
	}
	return slices.Sorted(maps.Keys(found))
}

// ourImports are the packages of this module that p imports.
func ourImports(p pkg) []string {
	var ours []string
	for _, i := range p.Imports {
		if name, ok := strings.CutPrefix(i, module+"/"); ok {
			ours = append(ours, name)
		}
	}
	return ours
}

func measure(t *testing.T, p pkg) size {
	t.Helper()
	s := size{files: len(p.GoFiles)}
	methods := map[string]int{}
	for _, file := range p.GoFiles {
		name := filepath.Join(p.Dir, file)
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		s.lines += bytes.Count(text, []byte("\n"))
		parsed, err := parser.ParseFile(token.NewFileSet(), name, text, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range parsed.Decls {
			s.exported += exportedNames(decl)
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv != nil {
				methods[receiver(f)]++
			}
		}
	}
	for name, n := range methods {
		if n > s.methods || n == s.methods && name < s.busiest {
			s.methods, s.busiest = n, name
		}
	}
	return s
}

// exportedNames counts the names that a declaration gives to other packages,
// methods apart.
func exportedNames(decl ast.Decl) int {
	n := 0
	count := func(name *ast.Ident) {
		if name.IsExported() {
			n++
		}
	}
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			count(d.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				count(s.Name)
			case *ast.ValueSpec:
				for _, name := range s.Names {
					count(name)
				}
			}
		}
	}
	return n
}

// receiver is the name of the type that a method belongs to.
func receiver(f *ast.FuncDecl) string {
	t := f.Recv.List[0].Type
	for {
		switch inner := t.(type) {
		case *ast.StarExpr:
			t = inner.X
		case *ast.IndexExpr:
			t = inner.X
		case *ast.Ident:
			return inner.Name
		default:
			return fmt.Sprintf("%T", t)
		}
	}
}
