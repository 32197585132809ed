package main

import (
	"maps"
	"slices"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	v1 "pseudowan/api/v1"
)

// twins are the requests of the API that do what the commands of a running lab do.
var twins = map[string][]string{
	"vrf add": {"POST /v1/vrfs"}, "vrf set": {"PATCH /v1/vrfs/{name}"}, "vrf del": {"DELETE /v1/vrfs/{name}"},
	"route add": {"POST /v1/routes"}, "route del": {"DELETE /v1/routes"},
	"host add": {"POST /v1/hosts"}, "host del": {"DELETE /v1/hosts/{name}"}, "host attach": {"POST /v1/hosts/{name}/attachments"},
	"host detach": {"DELETE /v1/hosts/{name}/attachments/{interface}"}, "host move": {"PATCH /v1/hosts/{name}/attachments/{interface}"},
	"lan add": {"POST /v1/lans"}, "lan del": {"DELETE /v1/lans/{name}"},
	"neighbor add": {"POST /v1/peers"}, "neighbor set": {"PATCH /v1/peers/{peer}"}, "neighbor del": {"DELETE /v1/peers/{peer}"},
	"neighbor clear": {"POST /v1/peers/{peer}/clear"},
	"policy add":     {"POST /v1/policies"}, "policy set": {"PUT /v1/policies/{name}"}, "policy del": {"DELETE /v1/policies/{name}"},
	"prefix-list add": {"POST /v1/prefix-lists"}, "prefix-list set": {"PUT /v1/prefix-lists/{name}"}, "prefix-list del": {"DELETE /v1/prefix-lists/{name}"},
	"redistribute add": {"PUT /v1/vrfs/{name}/redistribute/{protocol}"}, "redistribute del": {"DELETE /v1/vrfs/{name}/redistribute/{protocol}"},
	"bmp add": {"POST /v1/routers/{name}/bmp"}, "bmp del": {"DELETE /v1/routers/{name}/bmp"},
	"maintenance": {"PATCH /v1/routers/{name}"},
	"change":      {"POST /v1/changes"},
	"link":        {"POST /v1/links/{link}/{action}", "POST /v1/links/{link}/impair"},
	"stop":        {"POST /v1/nodes/{name}/{action}"}, "start": {"POST /v1/nodes/{name}/{action}"},
	"restart": {"POST /v1/nodes/{name}/{action}"}, "pause": {"POST /v1/nodes/{name}/{action}"},
}

// withoutTwin are the commands that change labs and are no requests, with the reason.
var withoutTwin = map[string]string{
	"up":         "it makes the lab, and the API with it",
	"down":       "it removes the lab, and the API with it",
	"k8s render": "it writes manifests, and changes no lab",
	"gc":         "it concerns what no lab owns any more",
	"exec":       "its terminal is that of the command inside a node",
	"inject":     "it runs as long as its routes are there, and reads files of who calls it",
}

// Each command that changes a running lab is a request of the API, and each request that
// changes it is a command.
func TestEveryChangeIsARequest(t *testing.T) {
	requests := map[string]bool{}
	for path, p := range v1.OpenAPI().Paths {
		for _, op := range []*huma.Operation{p.Post, p.Put, p.Patch, p.Delete} {
			if op != nil {
				requests[op.Method+" "+path] = false
			}
		}
	}
	commands := map[string]bool{}
	for _, name := range changingCommands() {
		commands[name] = true
		if (len(twins[name]) > 0) == (withoutTwin[name] != "") {
			t.Errorf("%s is to have a request, or a reason why it has none", name)
		}
		for _, request := range twins[name] {
			if _, there := requests[request]; !there {
				t.Errorf("%s: the API has no %s", name, request)
			}
			requests[request] = true
		}
	}
	for _, name := range slices.Concat(slices.Collect(maps.Keys(twins)), slices.Collect(maps.Keys(withoutTwin))) {
		if !commands[name] {
			t.Errorf("no command that changes labs is called %s", name)
		}
	}
	for request, is := range requests {
		if !is {
			t.Errorf("%s is no command", request)
		}
	}
}

// changingCommands lists the commands that run a lab, those below others by both names.
func changingCommands() (names []string) {
	for _, c := range newRoot(streams{}).Commands() {
		if c.GroupID != groupRun {
			continue
		}
		if !c.HasSubCommands() {
			names = append(names, c.Name())
		}
		for _, sub := range c.Commands() {
			if !sub.Hidden {
				names = append(names, c.Name()+" "+sub.Name())
			}
		}
	}
	return names
}
