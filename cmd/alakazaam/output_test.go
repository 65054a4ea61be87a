package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/gateway/admin"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares an output with what it was when somebody last looked at it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got))
}

func fileID(t *testing.T, s string) p2p.FileID {
	t.Helper()
	f, err := p2p.ParseFileID([]byte(s))
	require.NoError(t, err)
	return f
}

func someResults(t *testing.T) []message.Result {
	a, b := endpointAt(t, "192.0.2.1:3000"), endpointAt(t, "192.0.2.2:3000")
	return []message.Result{
		{File: fileID(t, "900150983cd24fb0d6963f7d28e17f72"), Name: "Blue Train.flac", Owners: []p2p.Endpoint{a, b}},
		{File: fileID(t, "d41d8cd98f00b204e9800998ecf8427e"), Name: "日本語のとても長い名前のファイルがここにあります.mp3", Owners: []p2p.Endpoint{a}},
		{File: fileID(t, "0cc175b9c0f1b6a831c399e269772661"), Name: "evil \x1b[2J\u202Egpj.exe\tx \xff", Owners: []p2p.Endpoint{b}},
	}
}

func TestFindTable(t *testing.T) {
	var out bytes.Buffer
	for _, width := range []int{100, 76, 10} {
		writeTable(&out, width, foundColumns, foundRows(someResults(t)))
	}
	writeRows(&out, foundRows(someResults(t)))
	golden(t, "find.txt", out.Bytes())
}

func TestShareTable(t *testing.T) {
	var out bytes.Buffer
	files := []admin.SharedFile{
		{Name: "a.txt", Size: 5, File: fileID(t, "900150983cd24fb0d6963f7d28e17f72")},
		{Name: "film.mkv", Size: 7 << 30, File: fileID(t, "0cc175b9c0f1b6a831c399e269772661")},
	}
	writeTable(&out, 80, shareColumns, shareRows(files, true))
	writeRows(&out, shareRows(files, false))
	golden(t, "share.txt", out.Bytes())
}

func TestStatusText(t *testing.T) {
	var out bytes.Buffer
	download := message.DownloadState{
		File: fileID(t, "900150983cd24fb0d6963f7d28e17f72"), Name: "film.mkv", From: endpointAt(t, "192.0.2.9:3000"), Tried: 1, Owners: 2,
		Bytes: 3 << 20, Expected: 10 << 20, Elapsed: 2 * time.Second,
	}
	failed, whole, waiting := download, download, download
	failed.Ended, failed.Error, failed.Name = true, "192.0.2.9:3000: refused\n192.0.2.8:3000: refused", ""
	whole.Ended, whole.Bytes, whole.Name = true, 10<<20, "evil \x1b[2J.txt"
	waiting.Tried, waiting.Expected, waiting.Bytes, waiting.Name = 0, -1, 0, "later.mp3"
	writeStatus(&out, 100, &admin.Status{
		Node:     &message.NodeStatus{Role: "supernode", Endpoint: endpointAt(t, "192.0.2.1:3000"), Uptime: 3*time.Hour + 5*time.Minute, Ready: true},
		Gateway:  &message.GatewayStatus{Incoming: 12, Outgoing: 3, Waiting: 1},
		Sessions: &message.SessionsStatus{Sessions: 150},
		Catalog:  &message.CatalogStatus{Files: 1000, Copies: 1200, Owners: 1},
		Overlay: &message.OverlayStatus{Neighbors: []message.NeighborStatus{
			{
				Endpoint: endpointAt(t, "192.0.2.11:3000"), Configured: true, Up: true, Kind: "link", Sent: 1234, Failed: 1, Seen: 50 * time.Hour,
				RTT: 23456 * time.Microsecond, Sessions: 120, Files: 34567,
			},
			{Endpoint: endpointAt(t, "192.0.2.12:3000"), Up: true, Kind: "base", Sent: 12, Seen: 90 * time.Second},
			{Endpoint: endpointAt(t, "192.0.2.120:30000"), Sent: 7},
		}},
		Queries:   &message.QueriesStatus{Searches: 1, Answers: 2, Seen: 345},
		Share:     &message.ShareStatus{Files: 1, Bytes: 123456, Uploads: 2, Hashed: 1 << 30, HashTotal: 4 << 30},
		Transfers: &message.TransfersStatus{Downloads: []message.DownloadState{download, waiting, failed, whole}},
	})
	out.WriteString("\n")
	writeStatus(&out, 60, &admin.Status{
		Node: &message.NodeStatus{Role: "peer", Endpoint: endpointAt(t, "192.0.2.1:3000"), Uptime: 1500 * time.Millisecond},
		Peer: &message.PeerStatus{
			State: "online", Supernode: endpointAt(t, "192.0.2.11:3000"), Published: 7,
			Active: &message.SupernodeStatus{Uptime: 50 * time.Hour, Sessions: 150},
			Standbys: []message.SupernodeStatus{
				{Endpoint: endpointAt(t, "192.0.2.12:3000"), Uptime: 3 * time.Hour, Sessions: 40, Files: 1000, RTT: 12345 * time.Microsecond},
				{Endpoint: endpointAt(t, "192.0.2.130:30000"), Uptime: 90 * time.Second, Sessions: -1, Files: -1, Base: true},
			},
		},
		Unanswered: []string{"gateway", "share"},
	})
	out.WriteString("\n")
	writeStatus(&out, 60, &admin.Status{
		Node: &message.NodeStatus{Role: "peer", Endpoint: endpointAt(t, "192.0.2.1:3000"), Uptime: 50 * time.Hour, Ready: true},
		Peer: &message.PeerStatus{
			State: "searching", Known: []p2p.Endpoint{endpointAt(t, "192.0.2.11:3000")}, Refused: []p2p.Endpoint{endpointAt(t, "192.0.2.11:3000")},
			Trouble: "every supernode that can be reached refuses the login",
		},
		Overlay:   &message.OverlayStatus{},
		Transfers: &message.TransfersStatus{},
	})
	for _, p := range []message.RoleStatus{
		{State: "waiting", Wish: "supernode"},
		{State: "waiting", Wish: "supernode", Conditions: []message.Condition{
			{Name: "uptime", Text: "10m0s, 1h0m0s at least"}, {Name: "memory", Holds: true, Text: "enough"}, {Name: "needed", Text: "2 known"},
		}},
		{State: "settling", Wish: "peer", For: 90 * time.Second},
		{State: "ready", Wish: "supernode"},
		{State: "resting", Wish: "peer", For: 29 * time.Minute},
	} {
		out.WriteString(promotionText(&p, "") + "\n")
	}
	out.WriteString(promotionText(&message.RoleStatus{State: "changing", Wish: "peer"}, "supernode") + "\n")
	for _, width := range []int{80, 60, 10} {
		writeNeighbors(&out, width, []message.NeighborStatus{{
			Endpoint: endpointAt(t, "192.0.2.120:30000"), Configured: true, Up: true, Kind: "link", Sent: 1234, Failed: 1, Seen: 50 * time.Hour,
			RTT: 23456 * time.Microsecond, Sessions: 120, Files: 34567,
		}}, func(string, string, ...any) {})
	}
	golden(t, "status.txt", out.Bytes())
}

func TestJSONDoesNothingToATerminal(t *testing.T) {
	var out bytes.Buffer
	a := &app{out: &out}
	before := map[string]string{"name": "a\x1b[2J\u009b2J\u202Ecba \U000E0041 é 日本 <&>"}
	require.NoError(t, a.printJSON(before))
	require.NoError(t, a.printJSONLine(before))
	for _, r := range out.String() {
		require.False(t, r != '\n' && (r < ' ' || r >= 0x7f && r <= 0x9f || r == '\u202e' || r == '\U000E0041'), "%U", r)
	}
	require.Contains(t, out.String(), "é 日本")
	for d := json.NewDecoder(&out); d.More(); {
		var after map[string]string
		require.NoError(t, d.Decode(&after))
		require.Equal(t, before, after)
	}
}

func TestNumbersForPeople(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 1536: "1.5 KiB", 1 << 20: "1.0 MiB", 1<<20 - 1: "1.0 MiB", 5 << 40: "5.0 TiB"} {
		require.Equal(t, want, bytesText(n))
	}
	for d, want := range map[time.Duration]string{
		0: "0.0s", 1234 * time.Millisecond: "1.2s", 12 * time.Second: "12s", 65 * time.Second: "1m 5s",
		3*time.Hour + 4*time.Minute: "3h 4m", 50 * time.Hour: "2d 2h",
	} {
		require.Equal(t, want, durationText(d))
	}
}

func TestProgressLines(t *testing.T) {
	var out bytes.Buffer
	l := &lines{w: &out, label: "film.mkv"}
	state := message.DownloadState{Expected: -1}
	l.update(state)
	state.Tried, state.From = 1, endpointAt(t, "192.0.2.9:3000")
	l.update(state)
	for i := range 101 {
		state.Bytes, state.Expected = int64(i)*3000, 300000
		l.update(state)
	}
	state.Tried, state.From, state.Bytes, state.Expected = 2, endpointAt(t, "192.0.2.8:3000"), 0, -1
	l.update(state)
	state.Bytes, state.Expected = 250000, 300000
	l.update(state)
	l.end(state)
	golden(t, "progress.txt", out.Bytes())
}
