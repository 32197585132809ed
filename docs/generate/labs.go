package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
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
	var rows, sections, withPage strings.Builder
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
		more := ""
		if hasPage(l.Name) {
			more = fmt.Sprintf("\n[More about this lab](labs/%s.md): what it prints, and how it is tested.\n", l.Name)
			fmt.Fprintf(&withPage, "| [`%s`](%s.md) | %s |\n", l.Name, l.Name, cell(l.Description))
		}
		fmt.Fprintf(&rows, "| [`%s`](#%s) | %s |\n", l.Name, l.Name, cell(l.Description))
		fmt.Fprintf(&sections, "\n## %s\n\n%s\n\n![%s](%s)\n\n```sh\nsudo pseudowan up %s\n%s```\n%s",
			l.Name, about, l.Name, picturePath(l.Name), l.Name, try, more)
	}
	made["labs/README.md"] = note + pagesIntro + withPage.String()
	made["labs.md"] = note + labsIntro + rows.String() + sections.String()
	return nil
}

const labsIntro = "# Ready labs\n\n" +
	"`pseudowan up NAME` starts one; `pseudowan labs show NAME` prints its file, for you to copy and edit.\n" +
	"`pseudowan verify` tests any of them with packets. The pictures are `pseudowan graph NAME --format svg`.\n" +
	"[Many have pages of their own](labs/README.md), and those made after published documents\n" +
	"[a table of all that these show](labs/rows.md).\n\n" +
	"| lab | |\n|---|---|\n"

const pagesIntro = "# Pages of ready labs\n\n" +
	"What these labs teach and print, compared with the document that a lab was made after, and how they are\n" +
	"tested. [Ready labs](../labs.md) lists all of them; [the rows](rows.md) say which lab and test shows what of\n" +
	"the documents.\n\n" +
	"| lab | |\n|---|---|\n"

// hasPage reports whether a lab has a page of its own, which is written by hand.
func hasPage(lab string) bool {
	_, err := os.Stat(filepath.Join(root, "docs", "labs", lab+".md"))
	return err == nil
}

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
		case trying && strings.TrimSpace(text) == "":
			trying = false
		case trying:
			flush()
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
