package original

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseObject(t *testing.T) {
	for text, want := range map[string]object{
		`{}`:              {},
		` { "a" : "b" } `: {"a": "b"},
		"{\n'vrf': {'route_dist': '65001:101', u'import': u\"x\",},}\n": {"vrf": object{"route_dist": "65001:101", "import": "x"}},
		`{'a': 7, 'b': -1, 'c': None, "d": null, 'e': ''}`:              {"a": "7", "b": "-1", "c": "", "d": "", "e": ""},
		`{'a': 'it\'s \"so\" \x41\u00e9\ud83d\ude00\ud83dx'}`:           {"a": "it's \"so\" Aé😀\ufffdx"},
		`{"a": "é"}`: {"a": "é"},
	} {
		got, err := parseObject(text)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", text, err, diff)
		}
	}
	for text, want := range map[string]string{
		``:                                     "no object begins",
		`[]`:                                   "no object begins",
		`{"a"}`:                                "a colon",
		`{"a": }`:                              "a string is missing",
		`{"a": "b"`:                            "a comma or }",
		`{"a": "b" "c": "d"}`:                  "a comma or }",
		`{,}`:                                  "a string is missing",
		`{"a": "b`:                             "does not end",
		`{"a": "b\`:                            "does not end",
		`{"a": "\u00`:                          "does not end",
		`{"a": "\u00zz"}`:                      "not hexadecimal",
		`{"a": "\q"}`:                          "not known",
		"{\"a\": \"\n\"}":                      "control character",
		`{"a": 01}`:                            "not a whole number",
		`{"a": 1.5}`:                           "a comma or }",
		`{"a": 99999999999999999999}`:          "not a whole number",
		`{"a": __import__("os").system("id")}`: "a string is missing",
		`{"a": "b"} + {}`:                      "something follows",
		`{"a": "b", 'a': "c"}`:                 "twice",
		`{"a": {"a": {"a": {"a": {}}}}}`:       "deep",
		"{\"a\": \"\xff\"}":                    "UTF-8",
		`{"a": ` + strings.Repeat(`{"a": `, 100000) + `}`: "deep",
	} {
		if got, err := parseObject(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s: %v, %v; want %q", text, got, err, want)
		}
	}
}

// What is JSON in the form of the original's objects reads as JSON does, and what was
// read once is read again as the same in both forms.
func FuzzParseObject(f *testing.F) {
	for _, text := range []string{`{"a":{"b":"c"},"d":1}`, `{'a': 'b\'\x41', u'c': None,}`, `{"a": "\ud83d\ude00"}`, `{"a":`, `{'a': '`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parseObject(text)
		if err != nil {
			return
		}
		var again map[string]any
		plain, _ := json.Marshal(got)
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		if d.Decode(&again) == nil {
			if diff := cmp.Diff(fmt.Sprint(words(again)), fmt.Sprint(words(map[string]any(got)))); diff != "" {
				t.Errorf("JSON reads %q otherwise: %s", text, diff)
			}
		}
		if o, err := parseObject(string(plain)); err != nil || !cmp.Equal(o, got) {
			t.Errorf("%q, then %s: %v, %v", text, plain, o, err)
		}
	})
}

// words are the values of an object as their texts.
func words(o map[string]any) map[string]any {
	out := map[string]any{}
	for key, v := range o {
		switch v := v.(type) {
		case nil:
			out[key] = ""
		case json.Number:
			out[key] = v.String()
		case string:
			out[key] = v
		case map[string]any:
			out[key] = words(v)
		case object:
			out[key] = words(v)
		}
	}
	return out
}
