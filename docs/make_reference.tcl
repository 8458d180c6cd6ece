# Writes the reference pages from the declarations of the commands, or compares them:
#
#     tclsh make_reference.tcl MODULE DIRECTORY            writes DIRECTORY/AREA.md and DIRECTORY/README.md
#     tclsh make_reference.tcl MODULE DIRECTORY -check     fails when what is there differs from what would be written
#
# MODULE is a directory with the package's pkgIndex.tcl. All there is to know comes from torch::describe.

set lineLength 100

# Text for Markdown: nothing in it is taken for markup.
proc prose {text} {
    regsub -all {[\\`]} $text {\\&} text
    regsub -all {<(?=[A-Za-z/!?])} $text {\\<} text
    regsub -all {\*(?=\S)|(\S)\*} $text {\1\\*} text
    regsub -all {(^|\s)_(?=\S)} $text {\1\\_} text
    regsub -all {\](?=[(\[])} $text {\\]} text
    return $text
}

proc cell {text} {string map {| \\|} [prose $text]}

proc code {text} {
    if {$text eq ""} {return ""}
    return "`[string map {| \\|} $text]`"
}

# A sentence of its own: one full stop at the end.
proc sentence {text} {
    if {$text eq "" || [string index $text end] in {. ! ?}} {return $text}
    return "$text."
}

proc optionNames {option} {lindex $option 0}
proc isRequired {option} {expr {[lindex $option 2] eq "required"}}

# Words on one line, or on several of which all but the first are indented.
proc wrapped {words} {
    set lines {}
    set line [lindex $words 0]
    foreach word [lrange $words 1 end] {
        if {[string length $line] + [string length $word] + 1 > $::lineLength} {
            lappend lines "$line \\"
            set line "    $word"
        } else {
            append line " " $word
        }
    }
    join [lappend lines $line] \n
}

proc namedSyntax {command options} {
    set words [list torch::$command]
    foreach option $options {
        lassign $option names type
        set word "[lindex $names 0] $type"
        lappend words [expr {[isRequired $option] ? $word : "?$word?"}]
    }
    wrapped $words
}

proc syntax {description} {
    dict with description {
        set lines [lmap form $positional {wrapped [concat torch::$name $form]}]
        if {[llength $options]} {lappend lines [namedSyntax $name $options]}
        if {![llength $lines]} {set lines [list torch::$name]}
    }
    return "```\n[join $lines \n]\n```"
}

proc optionTable {options} {
    set rows [list "| option | type | default | purpose |" "| --- | --- | --- | --- |"]
    foreach option $options {
        lassign $option names type default purpose
        set named [join [lmap name $names {code $name}] ", "]
        lappend rows "| $named | [cell $type] | [expr {[isRequired $option] ? "required" : [code $default]}] | [cell $purpose] |"
    }
    join $rows \n
}

proc result {returns} {
    lassign $returns kind text
    if {$kind in {none any} || $kind eq $text} {return "**Result:** [prose [sentence $text]]"}
    if {$text eq ""} {return "**Result** ($kind)."}
    return "**Result** ($kind): [prose [sentence $text]]"
}

proc commandSection {description} {
    set parts [list "## [dict get $description name]" [prose [sentence [dict get $description summary]]] [syntax $description]]
    if {[llength [dict get $description options]]} {lappend parts [optionTable [dict get $description options]]}
    lappend parts [result [dict get $description returns]]
    if {[dict get $description details] ne ""} {lappend parts [prose [sentence [dict get $description details]]]}
    if {[llength [dict get $description aliases]]} {
        lappend parts "Also named [join [lmap name [dict get $description aliases] {code torch::$name}] {, }]."
    }
    join $parts \n\n
}

# GitHub's anchor of a command's heading.
proc anchor {name} {string tolower $name}

# A link to a command on a page.
proc link {name page} {return "\[$name\]($page#[anchor $name])"}

proc areaPage {title descriptions} {
    set rows [list "| command | |" "| --- | --- |"]
    foreach d $descriptions {
        lappend rows "| [link [dict get $d name] {}] | [cell [sentence [dict get $d summary]]] |"
    }
    set parts [list "# [prose $title]" "\[All areas\](README.md)" [join $rows \n]]
    foreach d $descriptions {lappend parts [commandSection $d]}
    return [join $parts \n\n]\n
}

# What a word of each type looks like. Types that explain themselves, such as enum:sum|mean, are left out.
set typeMeanings {
    tensor    {a tensor: what a command returned}
    tensors   {a list of tensors}
    {sparse tensor} {what sparse_coo_tensor and its like returned}
    {quantized tensor} {what quantize_per_tensor and its like returned}
    scalar    {a number, whole or not}
    int       {a whole number}
    double    {a number}
    bool      {a boolean word of Tcl's: 1 0 true false yes no on off}
    string    {a text}
    list      {a list; the purpose says of what}
    ints      {a list of whole numbers}
    doubles   {a list of numbers}
    shape     {a list of sizes, one for each dimension; a plain number is one dimension}
    dtype     {an element type: bool uint8 int8 int16 int32 int64 float16 bfloat16 float32 float64 complex64 complex128}
    device    {cpu or cuda}
    script    {a Tcl script}
    path      {a file name}
    dict      {a dict}
    any       {any value}
    module    {a module: what a command that makes a layer returned}
    modules   {a list of modules}
    optimizer {an optimizer}
    scheduler {a scheduler of a learning rate}
}

# The types that occur, in the order above; of X/Y both.
proc typeTable {areas} {
    set found {}
    foreach description [concat {*}[dict values $areas]] {
        foreach option [dict get $description options] {lappend found {*}[split [lindex $option 1] /]}
    }
    set rows [list "| type | what it takes |" "| --- | --- |"]
    dict for {type meaning} $::typeMeanings {
        if {$type in $found} {lappend rows "| $type | [cell $meaning] |"}
    }
    join $rows \n
}

proc indexPage {areas} {
    set count [llength [concat {*}[dict values $areas]]]
    set parts [list "# The commands" [string trim {
All commands of the package `torch`, by area. The pages are written from the declarations that the commands are made of;
`torch::help COMMAND` shows the same text in a program.}] [string trim {
Every command takes its arguments by position or by name, and names may follow positional arguments. Question marks stand
around what may be left out; three dots stand behind what takes all words that are left. An option with several names has synonyms; all of them mean the same. The words after the
options in the syntax lines are types:}] [typeTable $areas] [string trim {
`X/Y` takes either. A default that is empty in a table means that nothing is assumed; the purpose says what happens then.}] \
        "$count commands in [dict size $areas] areas:"]
    dict for {area descriptions} $areas {
        set title [prose [dict get [lindex $descriptions 0] areaTitle]]
        set links [lmap d $descriptions {link [dict get $d name] $area.md}]
        lappend parts "## \[$title\]($area.md)" [join $links ",\n"]
    }
    return [join $parts \n\n]\n
}

# File name and contents of every page.
proc pages {} {
    set areas {}
    foreach command [torch::describe] {
        set description [torch::describe $command]
        dict lappend areas [dict get $description area] $description
    }
    set pages [dict create README.md [indexPage $areas]]
    dict for {area descriptions} $areas {
        dict set pages $area.md [areaPage [dict get [lindex $descriptions 0] areaTitle] $descriptions]
    }
    return $pages
}

proc contents {path} {
    if {![file exists $path]} {return ""}
    set channel [open $path]
    fconfigure $channel -encoding utf-8 -translation lf
    set text [read $channel]
    close $channel
    return $text
}

# Files in the directory that are no page any more.
proc strays {directory pages} {
    lmap path [lsort [glob -nocomplain -directory $directory *.md]] {
        if {[dict exists $pages [file tail $path]]} continue
        set path
    }
}

proc write {directory pages} {
    file mkdir $directory
    file delete {*}[strays $directory $pages]
    dict for {name text} $pages {
        if {[contents [file join $directory $name]] eq $text} continue
        set channel [open [file join $directory $name] w]
        fconfigure $channel -encoding utf-8 -translation lf
        puts -nonewline $channel $text
        close $channel
        puts "wrote $name"
    }
}

# The first line in which two texts differ.
proc difference {old new} {
    set number 0
    foreach before [split $old \n] after [split $new \n] {
        incr number
        if {$before ne $after} {return "line $number: \"$before\" should be \"$after\""}
    }
}

proc check {directory pages} {
    set wrong 0
    foreach path [strays $directory $pages] {
        puts "[file tail $path]: no such area"
        incr wrong
    }
    dict for {name text} $pages {
        set old [contents [file join $directory $name]]
        if {$old eq $text} continue
        puts "$name: [expr {$old eq "" ? "missing" : [difference $old $text]}]"
        incr wrong
    }
    if {$wrong} {
        puts "The reference pages differ from the declarations. This writes them anew: meson compile -C BUILD reference"
    } else {
        puts "[dict size $pages] pages agree with the declarations"
    }
    return $wrong
}

lassign $argv module directory mode
lappend auto_path $module
package require torch
if {$mode eq "-check"} {exit [expr {[check $directory [pages]] > 0}]}
write $directory [pages]
