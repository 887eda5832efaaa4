// Renders and reads catalog files with the libraries that Rancher 1.6 uses for it: Go's text/template, and gopkg.in/yaml.v2.
// Rancher's own catalog service and compose executor are not served as Go modules. In: a JSON list of files and answers.
// Out: what became of each, in the same order.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strings"
	"text/template"

	"gopkg.in/yaml.v2"
)

type given struct {
	Source  string            `json:"source"`
	Answers map[string]string `json:"answers"`
}

type read struct {
	Text  string      `json:"text"`
	Value interface{} `json:"value"`
}

func main() {
	var files []given
	if err := json.NewDecoder(os.Stdin).Decode(&files); err != nil {
		log.Fatalf("the input is not what the test sends: %v", err)
	}
	results := make([]read, 0, len(files))
	for at, file := range files {
		result, err := render(file)
		if err != nil {
			log.Fatalf("file %d with %v: %v", at, file.Answers, err)
		}
		results = append(results, result)
	}
	if err := json.NewEncoder(os.Stdout).Encode(results); err != nil {
		log.Fatal(err)
	}
}

func render(file given) (read, error) {
	parsed, err := template.New("file").Parse(file.Source)
	if err != nil {
		return read{}, err
	}
	var text strings.Builder
	// Rancher hands all answers over as text, numbers and booleans, too.
	if err := parsed.Execute(&text, map[string]interface{}{"Values": file.Answers}); err != nil {
		return read{}, err
	}
	var value interface{}
	if err := yaml.Unmarshal([]byte(text.String()), &value); err != nil {
		return read{}, err
	}
	return read{Text: text.String(), Value: plain(value)}, nil
}

// JSON has no maps with keys of any kind.
func plain(value interface{}) interface{} {
	switch typed := value.(type) {
	case map[interface{}]interface{}:
		object := make(map[string]interface{}, len(typed))
		for key, part := range typed {
			object[fmt.Sprint(key)] = plain(part)
		}
		return object
	case []interface{}:
		for at, part := range typed {
			typed[at] = plain(part)
		}
	}
	return value
}
