package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"pseudowan/status"
)

// addLabs adds the page of the ready labs and their pictures.
func addLabs(p program, made map[string]string) error {
	list, err := p.output(nil, "labs", "-o", "json")
	if err != nil {
		return err
	}
	var labs []status.ReadyLab
	if err := json.Unmarshal(list, &labs); err != nil {
		return fmt.Errorf("pseudowan labs: %w", err)
	}
	var rows, sections strings.Builder
	for _, l := range labs {
		file, err := p.output(nil, "labs", "show", l.Name)
		if err != nil {
			return err
		}
		// From the file: a running lab of that name may have another one.
		picture, err := p.output(file, "graph", "-", "--format", "svg")
		if err != nil {
			return err
		}
		made[picturePath(l.Name)] = string(picture)
		about, try := introduction(file)
		if about == "" || try == "" {
			return fmt.Errorf("lab %s: its file must begin with a comment: what it shows, and after \"Try:\" what to try", l.Name)
		}
		fmt.Fprintf(&rows, "| [`%s`](#%s) | %s |\n", l.Name, l.Name, cell(l.Description))
		fmt.Fprintf(&sections, "\n## %s\n\n%s\n\n![%s](%s)\n\n```sh\nsudo pseudowan up %s\n%s```\n",
			l.Name, about, l.Name, picturePath(l.Name), l.Name, try)
	}
	made["labs.md"] = note + labsIntro + rows.String() + sections.String()
	return nil
}

const labsIntro = "# Ready labs\n\n" +
	"`pseudowan up NAME` starts one; `pseudowan labs show NAME` prints its file, for you to copy and edit.\n" +
	"`pseudowan verify` tests any of them with packets. The pictures are `pseudowan graph NAME --format svg`.\n\n" +
	"| lab | |\n|---|---|\n"

func picturePath(lab string) string { return "pictures/" + lab + ".svg" }

// introduction reads the comment at the beginning of a lab's file: its
// description, without the drawing, and the commands to try.
func introduction(file []byte) (about, try string) {
	var paragraphs []string
	paragraph, trying := "", false
	flush := func() {
		if paragraph != "" {
			paragraphs = append(paragraphs, strings.TrimSuffix(paragraph, "\n"))
		}
		paragraph = ""
	}
	for line := range bytes.Lines(file) {
		text, comment := strings.CutPrefix(strings.TrimRight(string(line), "\n"), "#")
		if !comment {
			break
		}
		first, begins := strings.CutPrefix(strings.TrimSpace(text), "Try:")
		switch trying = trying || begins; {
		case trying:
			try += "sudo " + strings.TrimSpace(first) + "\n"
		case strings.HasPrefix(text, "  "), strings.TrimSpace(text) == "":
			flush() // drawings are indented
		default:
			paragraph += strings.TrimSpace(text) + "\n"
		}
	}
	flush()
	return strings.Join(paragraphs, "\n\n"), try
}
