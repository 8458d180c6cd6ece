# Sees to it that what the guides show is true. Reports in TAP.
#
#     tclsh check_examples.tcl tcl MODULE FILE            evaluates the Tcl blocks of a Markdown file, in order, in one interpreter
#     tclsh check_examples.tcl cpp FILE COMMAND...        builds and runs the C++ blocks; in the words of the compiler's
#                                                         command SOURCE and PROGRAM stand for the names of those files
#     tclsh check_examples.tcl mpi MODULE FILE LAUNCHER   runs the Tcl blocks for several processes
#     tclsh check_examples.tcl text ROOT FILE...          looks up quotations, links and file names
#
# Blocks are recognized by the word behind the opening fence:
#   tcl      A line that ends with ";# => TEXT" has that result; with ";# error: TEXT" it fails with that message.
#   tcl N    A script of its own, for N processes.
#   cpp      A program if it has a main function. All others of a file are the body of one, in order.
#   cpp FILE A quotation: lines of that file of the project, blanks aside; "..." stands for any number of lines.
#   text     What the tcl or cpp block before it has printed.

# The fenced blocks of a file: dicts with the keys language, what stands behind it (a number of processes, the source of a
# quotation), line and text.
proc blocks {path} {
    set blocks {}
    set inside 0
    set number 0
    foreach line [split [contents $path] \n] {
        incr number
        if {!$inside && [regexp {^\s*```+(.*)$} $line -> info]} {
            set inside 1
            set text {}
            set block [dict create language [lindex $info 0] more [lindex $info 1] line [expr {$number + 1}]]
        } elseif {$inside && [regexp {^\s*```+\s*$} $line]} {
            set inside 0
            lappend blocks [dict replace $block text [join $text \n]]
        } elseif {$inside} {
            lappend text $line
        }
    }
    return $blocks
}

proc contents {path} {
    set channel [open $path]
    fconfigure $channel -encoding utf-8
    set text [read $channel]
    close $channel
    return $text
}

# One test: WHAT, and "" or what is wrong.
set tests 0
set failures 0
proc test {what problem} {
    incr ::tests
    if {$problem eq ""} {
        puts "ok $::tests - $what"
    } else {
        incr ::failures
        puts "not ok $::tests - $what"
        foreach line [split $problem \n] {puts "# $line"}
    }
}

proc skip {what why} {
    incr ::tests
    puts "ok $::tests - $what # SKIP $why"
}

proc finish {} {
    if {$::tests == 0} {test "there is something to check" "nothing found"}
    puts "1..$::tests"
    exit [expr {$::failures > 0}]
}

proc compared {what got wanted} {
    if {[string trimright $got] eq [string trimright $wanted]} return
    return "$what is\n$got\nbut should be\n$wanted"
}

# Commands of a script as a person types them: each ends where Tcl calls it complete.
proc commandsOf {script} {
    set commands {}
    set command ""
    foreach line [split $script \n] {
        append command $line \n
        if {[info complete $command]} {
            lappend commands $command
            set command ""
        }
    }
    if {$command ne ""} {lappend commands $command}
    return $commands
}

# Evaluates one command in the interpreter; the problem with what it announces, or "".
proc runCommand {interp command} {
    set announced [regexp {;#\s*(=>|error:)\s*([^\n]*)\n$} $command -> kind wanted]
    set code [catch {interp eval $interp $command} result options]
    if {!$announced || $kind eq "=>"} {
        if {$code} {return "$command\nfails: [dict get $options -errorinfo]"}
        if {$announced} {return [compared "the result of\n$command" $result $wanted]}
    } elseif {!$code} {
        return "$command\ndoes not fail"
    } else {
        return [compared "the message of\n$command" $result $wanted]
    }
}

proc checkTcl {module path} {
    set interp [interp create]
    # What goes to standard output is kept.
    interp eval $interp [list lappend auto_path $module]
    interp eval $interp {
        rename puts putsToChannel
        proc puts {args} {
            if {[llength $args] == 1} {append ::printed [lindex $args 0] \n} else {putsToChannel {*}$args}
        }
    }
    set last ""
    foreach block [blocks $path] {
        set what "[file tail $path]:[dict get $block line]"
        switch [string trim "[dict get $block language] [dict get $block more]"] {
            tcl {
                interp eval $interp {set ::printed ""}
                set problem ""
                foreach command [commandsOf [dict get $block text]] {
                    if {[set problem [runCommand $interp $command]] ne ""} break
                }
                test "$what: script" $problem
            }
            text {
                if {$last eq "tcl"} {
                    test "$what: output" [compared "the output" [interp eval $interp {set ::printed}] [dict get $block text]]
                }
            }
        }
        set last [string trim "[dict get $block language] [dict get $block more]"]
    }
    interp delete $interp
}

# What the processes write to standard output, or an error with what they write to the other channel.
proc runProcesses {launcher count directory script} {
    set file [file join $directory example.tcl]
    set channel [open $file w]
    puts $channel $script
    close $channel
    set errors [file join $directory errors]
    if {[catch {exec {*}$launcher -n $count [info nameofexecutable] $file </dev/null 2>$errors} output]} {
        error "$output\n[contents $errors]"
    }
    return $output
}

proc checkMpi {module path launcher} {
    global env
    # What Open MPI asks for to run more processes than processors, and as root in a container.
    array set env {OMPI_MCA_rmaps_base_oversubscribe 1 OMPI_ALLOW_RUN_AS_ROOT 1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM 1}
    set env(TCLLIBPATH) [list $module]
    set directory [temporaryDirectory]
    set output ""
    foreach block [blocks $path] {
        dict with block {
            set what "[file tail $path]:$line"
            if {$language eq "tcl" && [string is integer -strict $more]} {
                set failed [catch {runProcesses $launcher $more $directory $text} output]
                test "$what: script for $more processes" [expr {$failed ? $output : ""}]
                set pending [expr {!$failed}]
            } elseif {$language eq "text" && [info exists pending] && $pending} {
                test "$what: output" [compared "the output" $output $text]
                set pending 0
            } else {
                set pending 0
            }
        }
    }
    file delete -force $directory
}

# A program of the blocks that have no main function. A record separator is printed before each.
proc programOf {bodies} {
    set includes "#include <iostream>\n#include <wick/wick.h>\n"
    set body ""
    foreach text $bodies {
        append body "std::cout << '\\x1e';\n"
        foreach line [split $text \n] {
            if {[string match "#include*" $line]} {append includes $line \n} else {append body $line \n}
        }
    }
    return "${includes}int main() {\n$body}\n"
}

# What the program prints, or an error.
proc buildAndRun {command directory text} {
    set source [file join $directory example.cpp]
    set channel [open $source w]
    fconfigure $channel -encoding utf-8
    puts $channel $text
    close $channel
    set program [file join $directory example]
    exec {*}[lmap word $command {string map [list SOURCE $source PROGRAM $program] $word}] 2>@1
    return [exec $program 2>@1]
}

proc temporaryDirectory {} {
    global env
    set above [expr {[info exists env(TMPDIR)] ? $env(TMPDIR) : "/tmp"}]
    exec mktemp -d [file join $above wick-docs.XXXXXX]
}

# The C++ blocks as programs: pairs of the lines where their blocks begin and the text. Blocks that need Eigen, which may not
# be there, are programs of their own.
proc programsOf {blocks} {
    set programs {}
    set bodies {}
    foreach {line text} $blocks {
        if {[regexp {\mmain\(} $text]} {
            lappend programs $line $text
        } elseif {[regexp {#include <wick/interop/eigen.h>} $text]} {
            lappend programs $line [programOf [list $text]]
        } else {
            dict set bodies $line $text
        }
    }
    if {[dict size $bodies]} {lappend programs [dict keys $bodies] [programOf [dict values $bodies]]}
    return $programs
}

proc checkCpp {path command} {
    set name [file tail $path]
    set sources {}
    set expected {}
    set current ""
    foreach block [blocks $path] {
        set language [dict get $block language]
        if {$language eq "text" && $current ne ""} {dict set expected $current [dict get $block text]}
        set current ""
        if {$language eq "cpp" && [dict get $block more] eq ""} {
            set current [dict get $block line]
            lappend sources $current [dict get $block text]
        }
    }
    set directory [temporaryDirectory]
    foreach {lines text} [programsOf $sources] {
        set what "$name:[join $lines ,]: program"
        if {[catch {buildAndRun $command $directory $text} output]} {
            if {[regexp {Eigen/Core.*(No such file|not found)} $output]} {skip $what "Eigen is not there"} else {test $what $output}
            continue
        }
        test $what ""
        # A separator at the beginning has nothing before it; the first block may print nothing.
        set outputs [split [regsub {^\x1e} $output {}] \x1e]
        foreach line $lines printed $outputs {
            if {[dict exists $expected $line]} {test "$name:$line: output" [compared "the output" $printed [dict get $expected $line]]}
        }
    }
    file delete -force $directory
}

proc squeezed {text} {string trim [regsub -all {\s+} $text " "]}

# Every stretch between "..." stands in the file, in that order.
proc checkQuotation {root block what} {
    set rest [squeezed [contents [file join $root [dict get $block more]]]]
    set problem ""
    foreach stretch [split [regsub -all -line {^\s*\.\.\.\s*$} [dict get $block text] \x1e] \x1e] {
        set stretch [squeezed $stretch]
        set at [string first $stretch $rest]
        if {$at < 0} {
            set problem "not in [dict get $block more]: $stretch"
            break
        }
        set rest [string range $rest $at+[string length $stretch] end]
    }
    test "$what: quotation" $problem
}

# The anchors of a file's headings, as GitHub makes them.
proc anchors {path} {
    set anchors {}
    foreach line [split [textOnly $path] \n] {
        if {![regexp {^#+\s+(.*)$} $line -> heading]} continue
        regsub -all {\[([^\]]*)\]\([^)]*\)} $heading {\1} heading
        lappend anchors [regsub -all { } [regsub -all {[^\w -]} [string tolower $heading] ""] -]
    }
    return $anchors
}

# The text without its blocks.
proc textOnly {path} {
    set inside 0
    join [lmap line [split [contents $path] \n] {
        if {[regexp {^\s*```} $line]} {
            set inside [expr {!$inside}]
            continue
        }
        if {$inside} continue
        set line
    }] \n
}

proc checkLinks {path} {
    set problems {}
    set count 0
    foreach {- target} [regexp -all -inline {\]\(([^)\s]+)\)} [textOnly $path]] {
        if {[regexp {^[a-z]+:} $target]} continue
        incr count
        lassign [split $target #] file anchor
        set full [expr {$file eq "" ? $path : [file join [file dirname $path] $file]}]
        if {![file exists $full]} {
            lappend problems "$target: no such file"
        } elseif {$anchor ne "" && $anchor ni [anchors $full]} {
            lappend problems "$target: no such heading"
        }
    }
    if {$count} {test "[file tail $path]: $count links" [join $problems \n]}
}

# Names of the project's files, in backquotes.
proc checkFileNames {root path} {
    set names [regexp -all -inline {`(?:lib|tclext|tests|docs)/[\w./-]*`} [textOnly $path]]
    set missing [lmap name [lsort -unique $names] {
        set name [string trim $name `]
        if {[file exists [file join $root $name]]} continue
        string cat "$name: no such file"
    }]
    if {[llength $names]} {test "[file tail $path]: [llength $names] file names" [join $missing \n]}
}

proc checkText {root files} {
    foreach path $files {
        foreach block [blocks $path] {
            if {[dict get $block language] eq "cpp" && [dict get $block more] ne ""} {checkQuotation $root $block "[file tail $path]:[dict get $block line]"}
        }
        checkLinks $path
        checkFileNames $root $path
    }
}

set arguments [lassign $argv mode]
switch $mode {
    tcl {checkTcl {*}$arguments}
    mpi {checkMpi {*}$arguments}
    cpp {checkCpp [lindex $arguments 0] [lrange $arguments 1 end]}
    text {checkText [lindex $arguments 0] [lrange $arguments 1 end]}
    default {error "tcl, mpi, cpp or text?"}
}
finish
