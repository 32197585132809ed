package edit

import (
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"

	"pseudowan/topology"
)

// takeOut makes a host of a series one of hosts:. Of copies, the others stay two series;
// a series with rows is written out.
func (f *file) takeOut(hosts *yaml.Node, name string) error {
	_, list := find(f.top, "series")
	if list == nil || list.Kind != yaml.SequenceNode {
		return fmt.Errorf("host %s is one of a series: that cannot be edited in the file; write it into hosts:, and `pseudowan up` it", name)
	}
	if err := own(list, "series:"); err != nil {
		return err
	}
	for at, item := range list.Content {
		series := readSeries(item)
		k := slices.Index(series.Names, name)
		if k < 0 {
			continue
		}
		what := "the series of host " + name
		if err := splittable(item, what); err != nil {
			return err
		}
		list.Content = slices.Delete(list.Content, at, at+1)
		if series.First == 0 {
			for i, member := range series.Names {
				add(hosts, member, series.Host(i))
			}
		} else {
			add(hosts, name, series.Host(k))
			last := series.First + len(series.Names) - 1
			parts := slices.Concat(part(item, series.First, series.First+k-1), part(item, series.First+k+1, last))
			list.Content = slices.Insert(list.Content, at, parts...)
		}
		f.prune("series")
		return nil
	}
	return missing("host", name, nil)
}

func readSeries(item *yaml.Node) topology.Series {
	for item.Kind == yaml.AliasNode {
		item = item.Alias
	}
	return topology.ReadSeries(item)
}

// splittable refuses a series whose keys others have, too, or are others'.
func splittable(item *yaml.Node, what string) error {
	if err := own(item, what); err != nil {
		return err
	}
	return written(item, what, "name", "count", "range", "rows")
}

// part returns a series with the copies from one number to another; none if there are none.
func part(series *yaml.Node, from, to int) []*yaml.Node {
	if from > to {
		return nil
	}
	out := *series
	out.Content = slices.Clone(series.Content)
	remove(&out, "count")
	remove(&out, "range")
	text := &yaml.Node{}
	text.SetString(fmt.Sprintf("%d-%d", from, to))
	add(&out, "range", text)
	return []*yaml.Node{&out}
}
