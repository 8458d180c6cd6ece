# A seeded author of formulas: by the grammar, with slips, and of any characters. No formula may crash, hang, break the interpreter or
# leave a tensor behind.
#
#   WICK_PACKAGE_DIR=build/tclext tclsh formulas.tcl ?FORMULAS? ?SEED? ?-v?
#
# -v writes every formula before it runs, so that the last line is the one that crashed. The same seed makes the same formulas.

source [file join [file dirname [file normalize [info script]]] support.tcl]
if {$count eq ""} {set count 10000}

# What formulas speak of. It is made anew now and then, for formulas change it.
proc surroundings {} {
    uplevel #0 {
        set a [torch::tensor_create {{1 -2 3} {4 5 -6}}]
        set b [torch::tensor_create {{0.5 1.5 2} {-1 0 1}} -dtype float64]
        set n [torch::tensor_create {{1 2 0} {3 -1 2}} -dtype int64]
        set m [torch::tensor_create {{1 0 1} {0 0 1}} -dtype bool]
        set v [torch::tensor_create {1 2 3}]
        set i [torch::tensor_create {1 0} -dtype int64]
        set z [torch::zeros {0 3}]
        set s [torch::full {} 2]
        set w [torch::tensor_create {1 2 3} -requiresGrad 1]
        set c [torch::tensor_create {1+2j 2-1j 0} -dtype complex64]
        set e [torch::tensor_expand $s {2 3}]
        set big [torch::ones 9000]
        set k 3; set h 0.5; set list {1 2 3}; set text abc; set model [torch::linear 3 2]
        unset -nocomplain arr
        array set arr {x 1 y 2.5}
    }
}
proc same {x} {return $x}
proc meddle {args} {
    set name [pick {a b n m v k h list}]
    uplevel #0 [list set $name [pick {5 {} {1 2} abc}]]
    return 1
}
proc fails {args} {error "no"}
proc inner {args} {uplevel #0 {torch::expr {a * 2 + v}}}

proc atom {} {
    pick {a b n m v i z s w c e k h list text model big $a $v $k arr(x) $arr(y) $arr(nosuch) ::a ::nosuch nosuch 0 1 2 3 -1 7 0.5 1e3 1e400
        9223372036854775808 0x1f 010 08 pi inf nan true false float64 int32 {"abc"} {"a$k"} {"$a"} {"[same 1]"} {"[fails]"} {1 2 3} {{1 2 3}}
        {{{1 2} {3 4}}} {{a b}} {[]} {[1, 2]} {[[1, 2, 3], [4, 5, 6]]} {[a, b]} {[1.5]} {[true, false]} {""} {{}}}
}
proc index {depth} {
    switch [expr {int(rand() * 9)}] {
        0 {return [pick {0 1 -1 2 5 -7 1.5 9223372036854775807}]}
        1 {return "[pick {{} 0 1 -1 -9 k}]:[pick {{} 1 2 -1 99 k}]"}
        2 {return "[pick {{} 0 1 -2}]:[pick {{} 1 3 -1}]:[pick {{} 1 2 0 -1 k}]"}
        3 {return ...}
        4 {return [pick {None newaxis}]}
        5 {return [pick {m i {[1, 0]} {[0]} {[true, false]} {a > 0} n b {[[0, 1], [1, 0]]} {""} text}]}
        6 {return :}
        default {return [formula [expr {$depth - 1}]]}
    }
}
proc indices {depth} {
    set parts {}
    for {set j [expr {1 + int(rand() * 3)}]} {$j > 0} {incr j -1} {lappend parts [index $depth]}
    join $parts ,
}
set functions {exp log sqrt sigmoid tanh relu abs floor square erf maximum minimum pow atan2 hypot remainder sum mean amax cumsum softmax
    where clamp cat stack reshape zeros ones full eye arange transpose outer item equal tensor_shape to int double max min round rand
    same meddle fails inner llength torch::sum tensor_sum nosuch tensor_add isnan argmax sort split unbind string layer_forward}
set names {dim keepdim dtype input other min max value shape tensors nosuch unbiased}
proc call {depth} {
    set arguments {}
    for {set j [expr {int(rand() * 4)}]} {$j > 0} {incr j -1} {lappend arguments [formula [expr {$depth - 1}]]}
    if {[chance 0.3]} {lappend arguments "[pick $::names]=[formula [expr {$depth - 2}]]"}
    return "[pick $::functions]([join $arguments ,])"
}
proc formula {depth} {
    if {$depth <= 0 || [chance 0.15]} {return [atom]}
    set d [expr {$depth - 1}]
    switch [expr {int(rand() * 12)}] {
        0 {return "[pick {- + ! ~}][formula $d]"}
        1 {return "([formula $d])"}
        2 {return "[formula $d]'"}
        3 - 4 {return "[pick {a b n v z e s w [1,2] (a*2) list k}]\[[indices $d]\]"}
        5 - 6 {return [call $d]}
        7 {return "[formula $d] ? [formula $d] : [formula $d]"}
        8 {return "([formula $d]) [pick {< <= > >= == != eq ne in ni && ||}] ([formula $d])"}
        default {return "[formula $d] [pick {+ - * / % @ + - * / & | ^}] [formula $d]"}
    }
}
proc statement {} {
    if {[chance 0.75]} {return [formula [expr {int(rand() * 5)}]]}
    set target [pick {a b n v k h list arr(x) $a $arr(y) new}]
    if {[chance 0.6]} {append target "\[[indices 2]\]"}
    return "$target [pick {= += -= *= /=}] [formula 2]"
}
# Powers and shifts of numbers can be large: small ones only.
proc power {} {return "[pick {a b k h 2 n m c [1,2]}] [pick {** << >>}] [pick {0 1 2 -1 k h a n 0.5}]"}
# What an author does wrong.
proc slip {formula} {
    set at [expr {int(rand() * ([string length $formula] + 1))}]
    switch [expr {int(rand() * 4)}] {
        0 {return [string replace $formula $at $at]}
        1 {return "[string range $formula 0 $at-1][pick {( ) [ ] , : ' \" \\ \{ \} $ = ** ? ! . :: # ... \u00e9 \u4e2d \x01}][string range $formula $at end]"}
        2 {return [string range $formula 0 $at]}
        default {return "[string range $formula 0 $at]$formula"}
    }
}

# So many formulas in surroundings of their own. Tensors that became text go with the scope.
proc batch {formulas} {
    torch::scope {
        surroundings
        if {[uplevel #0 {torch::expr {item(sum(a * 2 + 1))}}] != 16.0} {error "the interpreter is broken"}
        for {set n 0} {$n < $formulas} {incr n} {
            if {[chance 0.07]} {set formula [power]} else {set formula [statement]}
            if {[chance 0.15]} {set formula [slip $formula]}
            if {$::verbose eq "-v"} {puts "[incr ::turn] $formula"; flush stdout}
            incr ::failed [catch {uplevel #0 [list torch::expr $formula]}]
            # The formula as another value in between.
            if {[chance 0.05]} {catch {llength $formula}; catch {uplevel #0 [list torch::expr $formula]}}
        }
        foreach name [info globals] {
            if {$name ni $::known} {unset -nocomplain ::$name}
        }
        catch {error {}}
    }
}

set failed 0
set turn 0
set live 0
set done 0
set message ""
set known [concat [info globals] known]
batch 1
set live [torch::tensors count]
for {set done 0} {$done < $count} {incr done 20} {
    if {[catch {batch 20} message]} {puts $message; exit 1}
    if {[torch::tensors count] != $live} {puts "$live tensors before, [torch::tensors count] after formula $done"; exit 1}
}
if {$failed >= $count || $failed == 0} {puts "$failed of $count formulas failed"; exit 1}
puts "$count formulas, $failed refused, [torch::tensors count] tensors"
