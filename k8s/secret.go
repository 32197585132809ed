package k8s

import (
	"encoding/base64"
	"fmt"
	"regexp"

	"go.yaml.in/yaml/v3"
)

// ownerOnly is the mode of the files in the pods, as those with passwords need it.
const ownerOnly = 0o400

// keyName is what a key of a Secret can be called: its file has the same name.
var keyName = regexp.MustCompile(`^[A-Za-z0-9][-._A-Za-z0-9]*$`)

// divideSecrets divides what the pods get into what everybody may read and what not. A
// topology with a password in its text is secret as a whole.
func (r renderer) divideSecrets(source []byte) (open, secret map[string][]byte, err error) {
	open, secret = map[string][]byte{}, map[string][]byte{}
	for _, p := range r.options.Passwords {
		key := p.File
		if p.Env != "" {
			key = variablePrefix + p.Env
		}
		if !keyName.MatchString(key) || key == topologyFile {
			return nil, nil, fmt.Errorf("lab %s: password file %s: on Kubernetes it stands beside the lab's file, and its name has letters, digits, dots, hyphens and underscores; move it there, and write file: bgp-password",
				r.topology.Name, p.File)
		}
		secret[key] = []byte(p.Text)
	}
	var root yaml.Node
	if err := yaml.Unmarshal(source, &root); err != nil {
		return nil, nil, err
	}
	if hasPassword(&root) {
		secret[topologyFile] = source
	} else {
		open[topologyFile] = source
	}
	return open, secret, nil
}

// hasPassword reports whether a text has a password, also one that no session uses.
func hasPassword(n *yaml.Node) bool {
	for i, c := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 1 && n.Content[i-1].Value == "password" {
			if c.Alias != nil {
				c = c.Alias
			}
			if c.Kind == yaml.ScalarNode && c.Value != "" {
				return true
			}
		}
		if hasPassword(c) {
			return true
		}
	}
	return false
}

// config has the topology, unless it is secret.
func (r renderer) config(files map[string][]byte) object {
	data := object{}
	for name, text := range files {
		data[name] = string(text)
	}
	return object{"apiVersion": "v1", "kind": "ConfigMap", "metadata": r.meta(r.name), "data": data}
}

// secret has the passwords. It is there also without any, so that the pods need not be made
// again for the first one.
func (r renderer) secret(files map[string][]byte) object {
	data := object{}
	for name, text := range files {
		data[name] = base64.StdEncoding.EncodeToString(text)
	}
	return object{"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": r.meta(r.name), "data": data}
}
