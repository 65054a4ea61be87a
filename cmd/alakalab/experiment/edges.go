package experiment

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"alakazaam/config"
)

// maxEdges is how many bytes of links a file may have.
const maxEdges = 256 << 10

// parseEdges reads pairs such as "0-1 1-2". bad is the first part that is none.
func parseEdges(text string) (out Edges, bad string) {
	for part := range strings.FieldsSeq(text) {
		a, b, _ := strings.Cut(part, "-")
		from, errFrom := strconv.ParseUint(a, 10, 31)
		to, errTo := strconv.ParseUint(b, 10, 31)
		if errFrom != nil || errTo != nil {
			return nil, part
		}
		out = append(out, [2]int{int(from), int(to)})
	}
	return out, ""
}

// String writes the links as parseEdges reads them.
func (e Edges) String() string {
	parts := make([]string, len(e))
	for i, x := range e {
		parts[i] = fmt.Sprintf("%d-%d", x[0], x[1])
	}
	return strings.Join(parts, " ")
}

// readFile reads the links of a graph's file. dir is where the experiment's file is.
func (g *EdgeList) readFile(dir string) error {
	path := g.Path
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() || info.Size() > maxEdges {
		return fmt.Errorf("it is no file of %v at most", config.Size(maxEdges))
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for i, line := range strings.Split(string(data), "\n") {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		edges, bad := parseEdges(strings.Join(words, "-"))
		if len(words) != 2 || bad != "" {
			return fmt.Errorf("line %d is no pair of numbers: %s", i+1, config.Quote(line))
		}
		g.Edges = append(g.Edges, edges...)
	}
	return nil
}
