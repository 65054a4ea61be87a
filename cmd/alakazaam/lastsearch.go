package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"alakazaam/actors/message"
)

// lastSearch is what 'find' found last, so that 'get' can be told a number. It is a file of the user's cache.
type lastSearch struct {
	Text    string           `json:"text"`
	Time    time.Time        `json:"time"`
	Results []message.Result `json:"results"`
}

// errNoSearch says that nothing has been looked for yet.
var errNoSearch = errors.New("there is no search to take a number from: run 'alakazaam find TEXT' first")

func lastSearchPath() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "alakazaam", "last-search.json"), nil
}

// save replaces the file as a whole, so that a 'get' that runs meanwhile reads one search or the other.
func (s *lastSearch) save(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	b, err := json.Marshal(s)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".last-search-*")
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// loadLastSearch reads what find has saved; errNoSearch where there is none.
func loadLastSearch(path string) (*lastSearch, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errNoSearch
	}
	if err != nil {
		return nil, err
	}
	s := &lastSearch{}
	if err := json.Unmarshal(b, s); err != nil {
		return nil, fmt.Errorf("%s cannot be read (%w): run 'alakazaam find TEXT' again", path, err)
	}
	return s, nil
}
