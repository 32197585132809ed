package topology

import (
	"reflect"
	"strings"
)

// AttachmentKeys lists the keys of an attachment, which a host with only one may have
// itself.
func AttachmentKeys() []string {
	var keys []string
	for _, f := range reflect.VisibleFields(reflect.TypeFor[rawAttachment]()) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" {
			keys = append(keys, name)
		}
	}
	return keys
}
