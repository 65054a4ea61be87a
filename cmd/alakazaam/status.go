package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"alakazaam/actors/message"
	"alakazaam/actors/text"
	"alakazaam/gateway/admin"
)

func (a *app) statusCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "status [flags]",
		GroupID: groupUse,
		Short:   "Show how the node is doing",
		Long:    "Show how the node is doing: its place in the network, what it shares, its searches and its downloads.",
		Example: `  alakazaam status
  alakazaam status --json | jq .overlay.neighbors`,
		Args: cobra.NoArgs,
	}
	asJSON := addJSON(cmd)
	reach := addReach(cmd, false)
	cmd.RunE = action(func(*cobra.Command, []string) error {
		ctx, stop := interruptible()
		defer stop()
		l, err := a.connect(ctx, reach)
		if err != nil {
			return err
		}
		defer l.close()
		s, err := l.Status(ctx)
		if err != nil {
			return l.explain(err)
		}
		if *asJSON {
			return a.printJSON(s)
		}
		width, ok := terminal(a.out)
		if !ok {
			width = 100
		}
		writeStatus(a.out, width, s)
		return nil
	})
	return cmd
}

// writeStatus prints a status for people: one line for each part of the node, and lists below.
func writeStatus(w io.Writer, width int, s *admin.Status) {
	state := "ready"
	if !s.Node.Ready {
		state = "starting or ending"
	}
	line := func(title, format string, args ...any) {
		fmt.Fprintf(w, "%-12s %s\n", title, fmt.Sprintf(format, args...))
	}
	line(s.Node.Role, "%s, up %s, %s", s.Node.Endpoint, durationText(s.Node.Uptime), state)
	if p := s.Promotion; p != nil {
		line("promotion", "%s", promotionText(p, s.Node.Change))
	}
	if p := s.Peer; p != nil {
		line("supernode", "%s", standing(p))
		writeStandbys(w, width, p, line)
		line("published", "%s", plural(p.Published, "file", "files"))
	}
	if len(s.Faults) > 0 {
		line("faults", "%s", faultsText(s.Faults))
	}
	if s.Store != nil && s.Store.Trouble != "" {
		line("directory", "logins and publications are refused: %s", text.Display(s.Store.Trouble))
	}
	if s.Sessions != nil {
		line("peers", "%d logged in", s.Sessions.Sessions)
	}
	if c := s.Catalog; c != nil {
		loading := ""
		if c.Loading {
			loading = "; more is being loaded"
		}
		line("catalog", "%s, %s, of %s%s", plural(c.Files, "file", "files"), plural(c.Copies, "copy", "copies"),
			plural(c.Owners, "owner", "owners"), loading)
	}
	if q := s.Queries; q != nil {
		line("searches", "%d running, %d of others, %d remembered", q.Searches, q.Answers, q.Seen)
	}
	if g := s.Gateway; g != nil {
		line("connections", "%d in, %d out, %d waiting", g.Incoming, g.Outgoing, g.Waiting)
	}
	if h := s.Share; h != nil {
		line("sharing", "%s", sharing(h))
		line("uploads", "%d running, %d waiting", h.Uploads, h.Waiting)
	}
	if s.Overlay != nil {
		writeNeighbors(w, width, s.Overlay.Neighbors, line)
	}
	if s.Transfers != nil {
		writeDownloads(w, width, s.Transfers.Downloads, line)
	}
	if len(s.Unanswered) > 0 {
		line("no answer", "%s", strings.Join(s.Unanswered, ", "))
	}
}

// promotionText says whether the node is about to take another role, or what is missing for that.
func promotionText(p *message.RoleStatus, change string) string {
	if change != "" {
		return "becoming a " + change
	}
	role := map[string]string{"supernode": "peer", "peer": "supernode"}[p.Wish]
	switch p.State {
	case "resting":
		return fmt.Sprintf("stays a %s for %s more, whatever comes", role, durationText(p.For))
	case "settling":
		return fmt.Sprintf("becomes a %s if the conditions hold for %s more", p.Wish, durationText(p.For))
	case "ready":
		return fmt.Sprintf("becomes a %s soon", p.Wish)
	}
	var missing []string
	for _, c := range p.Conditions {
		if !c.Holds {
			missing = append(missing, fmt.Sprintf("%s (%s)", c.Name, text.Display(c.Text)))
		}
	}
	if len(missing) == 0 {
		return "has not been thought about yet"
	}
	return fmt.Sprintf("no %s, for want of: %s", p.Wish, strings.Join(missing, "; "))
}

func standing(p *message.PeerStatus) string {
	if p.State == "online" {
		out := fmt.Sprintf("%s, logged in", p.Supernode)
		if a := p.Active; a != nil {
			out += ", up " + durationText(a.Uptime)
			if a.Sessions >= 0 {
				out += fmt.Sprintf(", %s", plural(a.Sessions, "peer", "peers"))
			}
		}
		return out
	}
	out := "none, " + p.State
	if n := len(p.Known); n > 0 {
		out += fmt.Sprintf(", %d known", n)
	}
	if n := len(p.Refused); n > 0 {
		out += fmt.Sprintf(", %d refused", n)
	}
	if p.Trouble != "" {
		out += ": " + p.Trouble
	}
	return out
}

// writeStandbys prints the supernodes that a peer has in readiness. A base supernode does not tell how many peers it has.
func writeStandbys(w io.Writer, width int, p *message.PeerStatus, line func(string, string, ...any)) {
	if len(p.Standbys) == 0 {
		return
	}
	line("standbys", "%d", len(p.Standbys))
	rows := make([][]string, len(p.Standbys))
	for i, s := range p.Standbys {
		peers, rtt := "?", "?"
		if s.Sessions >= 0 {
			peers = fmt.Sprint(s.Sessions)
		}
		if s.RTT > 0 {
			rtt = millis(s.RTT)
		}
		kind := ""
		if s.Base {
			kind = "base"
		}
		rows[i] = []string{"", s.Endpoint.String(), durationText(s.Uptime), peers, rtt, kind}
	}
	writeTable(w, width, []column{
		{}, {title: "ADDRESS"}, {title: "UP", right: true}, {title: "PEERS", right: true}, {title: "RTT", right: true}, {title: "KIND"},
	}, rows)
}

func sharing(h *message.ShareStatus) string {
	out := fmt.Sprintf("%s, %s", plural(h.Files, "file", "files"), bytesText(h.Bytes))
	if h.HashTotal > 0 && h.Hashed < h.HashTotal {
		out += fmt.Sprintf("; looking through %s, %d%% done", bytesText(h.HashTotal), 100*h.Hashed/h.HashTotal)
	}
	return out
}

// writeNeighbors prints the supernodes around this one. What only a link tells is a question mark for the others.
func writeNeighbors(w io.Writer, width int, all []message.NeighborStatus, line func(string, string, ...any)) {
	if len(all) == 0 {
		line("neighbors", "none")
		return
	}
	up, links, rows := 0, 0, make([][]string, len(all))
	for i, n := range all {
		origin, since, rtt, peers, files := "found", "", "?", "?", "?"
		if n.Configured {
			origin = "configured"
		}
		if n.Up {
			since = durationText(n.Seen)
			up++
		}
		if n.Kind == "link" {
			links++
		}
		if n.Kind == "link" && n.RTT > 0 {
			rtt, peers, files = millis(n.RTT), fmt.Sprint(n.Sessions), fmt.Sprint(n.Files)
		}
		rows[i] = []string{
			"", n.Endpoint.String(), cmp.Or(n.Kind, "down"), origin, since, rtt, peers, files, fmt.Sprint(n.Sent), fmt.Sprint(n.Failed),
		}
	}
	line("neighbors", "%d of %d can be reached, %d over a link", up, len(all), links)
	writeTable(w, width, []column{
		{}, {title: "ADDRESS"}, {title: "KIND"}, {title: "FROM"}, {title: "SEEN UP", right: true}, {title: "RTT", right: true},
		{title: "PEERS", right: true}, {title: "FILES", right: true, spare: true}, {title: "SENT", right: true, spare: true},
		{title: "FAILED", right: true, spare: true},
	}, rows)
}

// millis writes a round-trip time.
func millis(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
}

// shownEnded is how many downloads that have ended are shown: the latest.
const shownEnded = 5

func writeDownloads(w io.Writer, width int, all []message.DownloadState, line func(string, string, ...any)) {
	running := slices.IndexFunc(all, func(d message.DownloadState) bool { return d.Ended })
	if running < 0 {
		running = len(all)
	}
	ended := len(all) - running
	line("downloads", "%d running, %d ended", running, ended)
	var rows [][]string
	for i, d := range all {
		if i >= running && i < len(all)-shownEnded {
			continue
		}
		name := cmp.Or(text.Display(string(d.Name)), d.File.String())
		size := bytesText(d.Bytes)
		if here(d) {
			size = ""
		}
		rows = append(rows, []string{"", name, size, downloadState(d)})
	}
	if len(rows) > 0 {
		writeTable(w, width, []column{{}, {title: "NAME", cut: true}, {title: "SIZE", right: true}, {title: "STATE", cut: true}}, rows)
	}
}

// downloadState says in a few words how a download stands.
func downloadState(d message.DownloadState) string {
	switch {
	case d.Ended && d.Error != "":
		return "failed: " + oneLine(d.Error)
	case here(d):
		return "was here already"
	case d.Ended:
		return "complete"
	case d.Tried == 0:
		return "waiting"
	}
	out := "from " + d.From.String()
	if d.Expected > 0 {
		out = fmt.Sprintf("%d%% of %s, %s", 100*d.Bytes/d.Expected, bytesText(d.Expected), out)
	}
	if rate := rateOf(d); rate > 0 {
		out += fmt.Sprintf(", %s/s", bytesText(rate))
	}
	return out
}

// here says whether a download found its file in the download folder, so that nobody was asked for it.
func here(d message.DownloadState) bool { return d.Ended && d.Error == "" && d.Tried == 0 }

func rateOf(d message.DownloadState) int64 {
	if d.Elapsed < time.Second {
		return 0
	}
	return int64(float64(d.Bytes) / d.Elapsed.Seconds())
}
