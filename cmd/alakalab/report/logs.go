package report

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Logs are what the nodes of one run log, each in a file of its own. A file is there from the first line on.
type Logs struct {
	dir   string
	files []*nodeLog
}

// Logs are in the folder log, those of one of several runs in log/WHICH.
func (f *Folder) Logs(which string) *Logs {
	return &Logs{dir: filepath.Join(f.Dir, "log", which)}
}

// Node is where a node logs to. An error is told by Close.
func (l *Logs) Node(name string) io.Writer {
	n := &nodeLog{path: filepath.Join(l.dir, filepath.Base(name)+".log")}
	l.files = append(l.files, n)
	return n
}

// Close ends all files.
func (l *Logs) Close() error {
	var errs []error
	for _, n := range l.files {
		errs = append(errs, n.close())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("log: %w", err)
	}
	return nil
}

type nodeLog struct {
	path string
	file *os.File
	w    *bufio.Writer
	err  error // the first one
}

// Write implements io.Writer.
func (n *nodeLog) Write(b []byte) (int, error) {
	if n.err == nil && n.file == nil {
		n.err = n.open()
	}
	if n.err == nil {
		_, n.err = n.w.Write(b)
	}
	return len(b), nil // a logger that fails would say so on the terminal, for each line
}

func (n *nodeLog) open() (err error) {
	if err = os.MkdirAll(filepath.Dir(n.path), 0o755); err != nil {
		return err
	}
	if n.file, err = os.Create(n.path); err != nil {
		return err
	}
	n.w = bufio.NewWriter(n.file)
	return nil
}

func (n *nodeLog) close() error {
	if n.file == nil {
		return n.err
	}
	return errors.Join(n.err, n.w.Flush(), n.file.Close())
}
