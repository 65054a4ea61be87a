package page

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"alakazaam/cmd/alakalab/chart"
)

// TestScriptsMayRun hashes the scripts as a browser does, and finds them in the policy: otherwise none would run.
func TestScriptsMayRun(t *testing.T) {
	p := &Page{Title: "t", Charts: []*chart.Chart{{Title: "</script>", X: []float64{1}, Lines: []chart.Line{{Name: "a", Y: chart.Values{math.NaN()}}}}}}
	var out bytes.Buffer
	require.NoError(t, p.Write(&out, Parse(`{{define "body"}}{{number "find_p50" 0.5}} {{seconds 2.0}} {{range .Figures}}{{template "chart" .}}{{end}}{{end}}`)))
	root, err := html.Parse(&out)
	require.NoError(t, err)
	var policy, body string
	var run []string
	for n := range root.Descendants() {
		switch {
		case n.Data == "meta" && n.Attr[0].Val == "Content-Security-Policy":
			policy = n.Attr[1].Val
		case n.Data == "main":
			body = strings.TrimSpace(n.FirstChild.Data)
		case n.Data == "script" && len(n.Attr) == 0:
			run = append(run, n.FirstChild.Data)
		case n.Data == "script" && n.Attr[1].Val == "charts":
			require.Equal(t, `[{"name":"","title":"\u003c/script\u003e","xLabel":"","yLabel":"","x":[1],"lines":[{"name":"a","y":[null]}]}]`, n.FirstChild.Data)
		}
	}
	require.Equal(t, "500 ms 2 s", body)
	require.Len(t, run, 2)
	for _, s := range run {
		sum := sha256.Sum256([]byte(s))
		require.Contains(t, policy, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
	}
	require.Contains(t, run[0], "Permission is hereby granted", "the licence goes with the library")
	require.NotContains(t, policy, "http")
}
