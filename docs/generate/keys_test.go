package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"net/netip"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"pseudowan/show"
)

// A change of the keys must be in the newest section of the CHANGELOG.
func TestKeysAreInTheChangelog(t *testing.T) {
	_, newest, ok := strings.Cut(read(t, "CHANGELOG.md"), "\n## ")
	if !ok {
		t.Fatal("CHANGELOG.md has no section")
	}
	newest, _, _ = strings.Cut(newest, "\n## ")
	sum := fmt.Sprintf("%x", sha256.Sum256([]byte(keyList())))[:12]
	if !strings.Contains(newest, "`"+sum+"`") {
		t.Errorf("The keys of -o json are not those of the newest section of CHANGELOG.md. They are a contract: "+
			"write there what scripts must know, and the checksum of docs/json-keys.txt, `%s`.", sum)
	}
}

// Printed documents have the keys and kinds of the contract, whether their rows
// are full or empty.
func TestPrintedDocuments(t *testing.T) {
	for _, d := range documents() {
		for name, fill := range map[string]func(reflect.Value){"full": fill, "bare": bare, "hollow": hollow} {
			row := reflect.New(d.row).Elem()
			fill(row)
			var j, y bytes.Buffer
			if err := d.print(show.Output{W: &j, Format: show.JSON}, row); err != nil {
				t.Fatal(err)
			}
			if err := d.print(show.Output{W: &y, Format: show.YAML}, row); err != nil {
				t.Fatal(err)
			}
			for format, text := range map[string][]byte{"json": j.Bytes(), "yaml": y.Bytes()} {
				var document any
				if err := yaml.Unmarshal(text, &document); err != nil {
					t.Fatal(err)
				}
				compare(t, fmt.Sprintf("%s -o %s, %s row", d.command, format, name), d, document)
			}
			if !json.Valid(j.Bytes()) {
				t.Errorf("%s: %s", d.command, &j)
			}
		}
	}
}

// compare compares a printed document with the contract.
func compare(t *testing.T, name string, d document, printed any) {
	t.Helper()
	if _, list := printed.([]any); list != d.list {
		t.Errorf("%s: %v", name, printed)
		return
	}
	got, want := map[string]string{}, map[string]string{}
	paths(got, "", printed)
	for _, k := range d.keys() {
		want[k.path] = k.kind
	}
	for _, path := range slices.Sorted(maps.Keys(got)) {
		if kind, ok := want[path]; !ok || !fits(got[path], kind) {
			t.Errorf("%s: %s is printed as %s; the contract has %q", name, path, got[path], kind)
		}
	}
	for _, path := range slices.Sorted(maps.Keys(want)) {
		parent := path[:strings.LastIndex(path, ".")]
		if _, ok := got[path]; !ok && got[strings.TrimSuffix(parent, "[]")] != "null" {
			t.Errorf("%s: %s is missing", name, path)
		}
	}
}

// paths collects the kind of each value below v by its path.
func paths(found map[string]string, at string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for k, below := range v {
			path := at + "." + k
			found[path] = printedKind(below)
			paths(found, path, below)
		}
	case []any:
		for _, below := range v {
			paths(found, at+"[]", below)
		}
	}
}

func printedKind(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string, time.Time:
		return "string"
	case int, uint64:
		return "integer"
	case float64:
		return "number"
	case map[string]any:
		return "object"
	case []any:
		if len(v) == 0 {
			return "list of nothing"
		}
		return listOfKind + printedKind(v[0])
	}
	return fmt.Sprintf("%T", v)
}

// fits reports whether the contract's kind allows a printed value.
func fits(printed, kind string) bool {
	kind, nullable := strings.CutSuffix(kind, orNull)
	if printed == "null" {
		return nullable
	}
	inPrint, lists := strings.CutPrefix(printed, listOfKind)
	inContract, listed := strings.CutPrefix(kind, listOfKind)
	switch {
	case lists != listed:
		return false
	case lists:
		return inPrint == "nothing" || fits(inPrint, inContract)
	case kind == "address", kind == "prefix", kind == "time":
		return printed == "string"
	case kind == "number":
		return printed == "integer" || printed == "number"
	}
	return printed == kind
}

// fill sets every field to some value.
func fill(v reflect.Value) {
	switch v.Interface().(type) {
	case netip.Addr:
		v.Set(reflect.ValueOf(netip.MustParseAddr("192.0.2.1")))
		return
	case netip.Prefix:
		v.Set(reflect.ValueOf(netip.MustParsePrefix("192.0.2.0/24")))
		return
	case time.Time:
		v.Set(reflect.ValueOf(time.Unix(1700000000, 0).UTC()))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.String:
		v.SetString("word")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Float64:
		v.SetFloat(0.25)
	case reflect.Int:
		v.SetInt(3)
	default:
		v.SetUint(3)
	}
}

// bare leaves every field empty, except for one bare row in each list of rows.
func bare(v reflect.Value) { eachRow(v, bare) }

// hollow is bare with an object wherever one may be.
func hollow(v reflect.Value) {
	eachRow(v, hollow)
	for i := range v.NumField() {
		f := v.Field(i)
		if f.Kind() == reflect.Pointer && isRow(f.Type().Elem()) {
			f.Set(reflect.New(f.Type().Elem()))
			hollow(f.Elem())
		}
	}
}

// eachRow makes one row in each list of rows, and fills it.
func eachRow(v reflect.Value, fill func(reflect.Value)) {
	for i := range v.NumField() {
		f := v.Field(i)
		if f.Kind() == reflect.Slice && isRow(f.Type().Elem()) {
			f.Set(reflect.MakeSlice(f.Type(), 1, 1))
			fill(f.Index(0))
		}
		if f.Kind() == reflect.Struct && isRow(f.Type()) {
			fill(f)
		}
	}
}

func isRow(t reflect.Type) bool {
	_, below, _ := kindOf(t)
	return below == t
}

// Every function of show that prints rows is in the contract.
func TestEveryPrinterIsInTheContract(t *testing.T) {
	inContract := map[string]bool{}
	for _, d := range documents() {
		inContract[d.printer] = true
	}
	files, err := filepath.Glob(filepath.Join(root, "show", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range parsed.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || f.Recv != nil || !f.Name.IsExported() || f.Type.Params.NumFields() < 2 {
				continue
			}
			if first, ok := f.Type.Params.List[0].Type.(*ast.Ident); ok && first.Name == "Output" {
				if _, blocks := f.Type.Params.List[1].Type.(*ast.IndexExpr); blocks {
					continue // status.Rows: the same rows as they come, see TestBlocks of show
				}
				seen++
				if !inContract[f.Name.Name] {
					t.Errorf("show.%s is not in documents", f.Name.Name)
				}
			}
		}
	}
	if seen != len(inContract) {
		t.Errorf("show has %d printers, the contract %d", seen, len(inContract))
	}
}

// Every command that has -o json is in the contract, and no other.
func TestEveryCommandIsInTheContract(t *testing.T) {
	var want, got []string
	for _, d := range documents() {
		command, _, _ := strings.Cut(d.command, " PEER ")
		if !slices.Contains(want, command) {
			want = append(want, command)
		}
	}
	for _, section := range strings.Split(read(t, "docs/commands.md"), "\n## pseudowan ")[1:] {
		name, text, _ := strings.Cut(section, "\n")
		if name != "show" && (strings.Contains(text, "`--output`") || strings.Contains(text, "the flags of [pseudowan show]")) {
			got = append(got, name)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("with -o: %q\nin the contract: %q", got, want)
	}
}

func TestKeysWithoutANameAreRefused(t *testing.T) {
	for _, row := range []any{struct{ A int }{}, struct {
		A int `json:"a,omitempty"`
	}{}, struct {
		A chan int `json:"a"`
	}{}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%T is accepted", row)
				}
			}()
			keysOf("", reflect.TypeOf(row))
		}()
	}
}
