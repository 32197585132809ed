package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	v1 "pseudowan/api/v1"
)

// apiPage returns the reference of the API, from its description in OpenAPI.
func apiPage() string {
	doc := v1.OpenAPI()
	var b strings.Builder
	b.WriteString(note + apiIntro)
	for _, tag := range doc.Tags {
		fmt.Fprintf(&b, "\n## %s\n\n%s.\n\n| request | |\n|---|---|\n", strings.ToUpper(tag.Name[:1])+tag.Name[1:], tag.Description)
		for _, path := range slices.Sorted(maps.Keys(doc.Paths)) {
			for _, op := range operations(doc.Paths[path]) {
				if slices.Contains(op.Tags, tag.Name) {
					fmt.Fprintf(&b, "| `%s %s` | %s |\n", op.Method, path, cell(apiOperation(doc, op)))
				}
			}
		}
	}
	return b.String()
}

const apiIntro = "# The API\n\n" +
	"While a lab runs, its keeper serves it over HTTP and JSON on the unix socket `/run/pseudowan/LAB/.api.sock`, which only\n" +
	"root may open. `pseudowan serve` puts the same on a TCP port of a loopback address, with a token. OpenAPI 3.1 describes\n" +
	"it at `/v1/openapi.json` and `/v1/openapi.yaml`; errors are by RFC 9457. Rows and documents are those of `-o json`\n" +
	"([json.md](json.md)); of a table, the header `Incomplete` tells why rows are missing if a router did not answer.\n\n" +
	"```sh\n" +
	"S=/run/pseudowan/pseudo-wan/.api.sock\n" +
	"sudo curl -s --unix-socket $S 'http://lab/v1/vrfs?router=pe1&vrf=101'\n" +
	"sudo curl -s --unix-socket $S -H 'Content-Type: application/json' -d '{\"name\": \"red\", \"settings\": {\"rts\": \"65000:1\", \"on\": \"pe1\"}}' http://lab/v1/vrfs\n" +
	"sudo curl -sN --unix-socket $S http://lab/v1/events\n" +
	"```\n\n" +
	"Settings are keys of the [topology file](file.md). A change is applied as `up` applies an edited file, but touches only\n" +
	"what it concerns; the answer comes when the routers forward accordingly. What cannot be is refused before anything is\n" +
	"touched, with 409 if it is the lab's state that does not allow it. Several changes in one request are one change: all\n" +
	"or nothing, and much faster than one by one. What is done to links and nodes is no change of the topology: `up` undoes it.\n\n" +
	"`pseudowan serve` answers changes with 403, unless it is started with `--allow-changes`. Whoever has its token is then\n" +
	"root on the server: a host that is added with `runtime: netns` runs its command as root, with all of the server's files.\n\n" +
	"Events begin with a comment line, once nothing that happens is missed any more: a program reads it before it changes\n" +
	"something. They end when the lab is removed; a connection that is cut says nothing about the lab.\n\n" +
	"Go programs import `pseudowan/api/client`:\n\n" +
	"```go\n" +
	"c := client.New(\"pseudo-wan\")\n" +
	"_, err := c.Change(ctx, edit.Edit{Op: edit.VRFAdd, Name: \"red\", Settings: map[string]any{\"rts\": \"65000:1\"}})\n" +
	"_, err = c.Link(ctx, \"pe1:eth1\", \"down\")\n" +
	"peers, err := c.Peers(ctx, client.Filter{Router: \"pe1\"})\n" +
	"```\n"

func operations(p *huma.PathItem) []*huma.Operation {
	return slices.DeleteFunc([]*huma.Operation{p.Get, p.Post, p.Put, p.Patch, p.Delete}, func(o *huma.Operation) bool { return o == nil })
}

// choices lists the values that there are, if they are few.
func choices(s *huma.Schema) string {
	if len(s.Enum) == 0 {
		return ""
	}
	words := make([]string, len(s.Enum))
	for i, v := range s.Enum {
		words[i] = fmt.Sprintf("`%v`", v)
	}
	return " (" + strings.Join(words, ", ") + ")"
}

// apiOperation describes an operation: what it does, its parameters and its body.
func apiOperation(doc *huma.OpenAPI, op *huma.Operation) string {
	text := []string{op.Summary + "."}
	for _, p := range op.Parameters {
		need := ""
		if p.Required && p.In == "query" {
			need = ", required"
		}
		text = append(text, fmt.Sprintf("`%s` (%s%s): %s%s.", p.Name, p.In, need, cmp.Or(p.Description, p.Schema.Description), choices(p.Schema)))
	}
	if op.RequestBody == nil {
		return strings.Join(text, " ")
	}
	body := op.RequestBody.Content["application/json"].Schema
	if body.Ref != "" {
		body = doc.Components.Schemas.SchemaFromRef(body.Ref)
	}
	text = append(text, "Body: "+apiBody(doc, body)+".")
	return strings.Join(text, " ")
}

// apiBody describes the keys of a body.
func apiBody(doc *huma.OpenAPI, s *huma.Schema) string {
	var keys []string
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		p := s.Properties[name]
		text := fmt.Sprintf("`%s`", name)
		if p.Description != "" {
			text += ": " + p.Description
		}
		if p.Items != nil && p.Items.Ref != "" {
			text += " (each with " + apiBody(doc, doc.Components.Schemas.SchemaFromRef(p.Items.Ref)) + ")"
		}
		keys = append(keys, text)
	}
	if len(keys) == 0 {
		return cmp.Or(s.Description, "keys of the topology file with their values; null takes a key back")
	}
	return strings.Join(keys, "; ")
}
