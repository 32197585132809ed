package ovs

import (
	"bytes"
	"crypto/sha1"
	"encoding/json"
	"fmt"
	"os"
)

// schemaFile is where the distributions' packages install the schema.
const schemaFile = "/usr/share/openvswitch/vswitch.ovsschema"

// createDatabase writes an empty standalone database, as ovsdb-tool create
// does: a log whose one record is the schema (ovsdb(5), ovsdb/log.c).
func createDatabase(path string) error {
	schema, err := os.ReadFile(schemaFile)
	if err != nil {
		return fmt.Errorf("database schema: %w (is the package openvswitch-switch installed?)", err)
	}
	record, err := logRecord(schema)
	if err != nil {
		return fmt.Errorf("database schema %s: %w", schemaFile, err)
	}
	return os.WriteFile(path, record, 0o600)
}

// logRecord returns a record of a database log that holds one JSON value.
func logRecord(value []byte) ([]byte, error) {
	var body bytes.Buffer
	if err := json.Compact(&body, value); err != nil {
		return nil, err
	}
	body.WriteByte('\n')
	header := fmt.Sprintf("OVSDB JSON %d %x\n", body.Len(), sha1.Sum(body.Bytes()))
	return append([]byte(header), body.Bytes()...), nil
}
