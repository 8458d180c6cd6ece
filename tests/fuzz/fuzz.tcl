# A seeded random caller: any command, with arguments of its types or with anything. No call may crash, hang, ask for much
# memory, break the interpreter or leave a tensor behind.
#
#   WICK_PACKAGE_DIR=build/tclext tclsh fuzz.tcl ?CALLS? ?SEED? ?-v?
#
# -v writes every call before it is made, so that the last line is the one that crashed. The same seed makes the same calls.

source [file join [file dirname [file normalize [info script]]] support.tcl]
set calls [expr {$count eq "" ? 3000 : $count}]

set dtypes {bool uint8 int8 int16 int32 int64 float16 bfloat16 float32 float64 complex64 complex128}
# Sizes are small, or so large that no machine has the memory: nothing between is asked for.
set shapes {{} {} 0 1 3 5 {2 3} {3 2} {1 3} {3 1} {2 2} {3 3} {2 0} {0 3} {2 1 3} {1 2 2} {3 2 2} {1 1 1 1 1} {2 1 3 1 2} -1 {-1 2} {2 -1}}
set absurdShapes [list {9223372036854775807 2} 9223372036854775807 4611686018427387904 {1000000000000000 2} {0 9223372036854775807} \
    {0 9223372036854775807 9223372036854775807} -5 {-1 -1} {-9223372036854775808 1} {2 x} {2 2.0} {2 NaN} [lrepeat 64 1] [lrepeat 65 1] \
    [lrepeat 1000 0] {2 18446744073709551616} {{2 3} 2} {3 3 3 3 3}]
set integers {0 0 1 1 2 3 -1 -2 -3 5 17}
set absurdIntegers {9223372036854775807 -9223372036854775808 9223372036854775808 18446744073709551615 18446744073709551616 1000000000000000}
set numbers {0 1 -1 2 0.5 -0.5 2.5 3 7 -3 1e-3}
set absurdNumbers {1e18 -1e18 1e300 -1e300 1e-300 Inf -Inf NaN -nan inf 1e400 9223372036854775808 18446744073709551616 0x10}
set garbage [list "" " " - -- -x -e5 -inf foo true no "a\0b" "\0" "\u4e2d\u6587" "\ud83d" "\{" "\}" "\"" "\\" {$x} {[exit]} "a b c" {{1 2} {3}} \
    {1 2 3} {{1 2} {3 4}} {{{1}}} {{}} {} {1 {2 3}} tensor tensor0 tensor1 tensor2 tensor-1 tensor99999999 tensor18446744073709551616 \
    cpu cuda cuda:1 tpu float32 int64 sum mean -dim -input -tensor -group -shape -other --dim 1e5 1.5.5 0x 1_000 \
    [string repeat x 10000] [string repeat "\{" 500][string repeat "\}" 500] [string repeat "\u00e9" 40] [lrepeat 200 1]]

# Tensors that calls have made, to be used again.
set pool {}
proc keep {t} {
    global pool
    if {[catch {torch::tensor_numel $t} count] || $count > 2000} return
    if {[llength $pool] < 40} {lappend pool $t} else {lset pool [expr {int(rand() * 40)}] $t}
}

proc newTensor {} {
    global dtypes
    set shape [pick {{} 0 1 3 5 {2 3} {3 2} {1 3} {3 1} {2 2} {3 3} {2 0} {2 1 3} {1 2 2} {3 2 2} {1 1 1 1 1} {2 1 3 1 2}}]
    set t [torch::full $shape [pick {0 1 2 -1.5 3.25 100 Inf NaN}] [pick {float32 float64}]]
    if {[chance 0.3]} {catch {set t [torch::rand $shape cpu [pick {float16 float32 float64}]]}}
    if {[chance 0.6]} {set t [torch::tensor_to $t cpu [pick $dtypes]]}
    set rank [llength [torch::tensor_shape $t]]
    if {$rank > 1 && [chance 0.4]} {
        set dims {}
        for {set d $rank} {$d > 0} {incr d -1} {lappend dims [expr {$d - 1}]}
        set t [torch::tensor_permute $t $dims]
    }
    if {[chance 0.2]} {set t [torch::tensor_create {1.5 -2 3} -requiresGrad 1 -dtype [pick {float32 float64 float16}]]}
    if {[chance 0.1]} {set t [torch::tensor_expand $t [concat 3 [torch::tensor_shape $t]]]}
    return $t
}
# A tensor in one of the ways in which a script may hold it: a handle, its name, a list of it, one that was freed.
proc aTensor {} {
    global pool
    set t [expr {[chance 0.6] && [llength $pool] ? [pick $pool] : [newTensor]}]
    if {[chance 0.05]} {string length x$t}
    if {[chance 0.03]} {set t [string range x$t 1 end]}
    if {[chance 0.03]} {set t [list $t]}
    if {[chance 0.01]} {catch {llength $t}}
    if {[chance 0.02]} {catch {torch::tensor_free $t}}
    return $t
}

proc anything {} {
    global garbage absurdShapes absurdIntegers absurdNumbers
    switch [expr {int(rand() * 9)}] {
        0 {return [aTensor]}
        1 {return [list [aTensor] [aTensor]]}
        2 {return [list [pick $garbage] [list [aTensor] [pick $absurdNumbers]]]}
        3 {return [dict create a [aTensor] [pick $garbage] [aTensor]]}
        4 {return [pick $absurdShapes]}
        5 {return [pick $absurdIntegers]}
        6 {return [pick $absurdNumbers]}
        7 {return [expr {rand() * 10 - 5}]}
        default {return [pick $garbage]}
    }
}
proc newOptimizer {} {
    torch::optimizer_[pick {sgd adam lbfgs rprop lamb}] [torch::tensor_create {1.5 -2} -requiresGrad 1] 0.1
}
proc newLayer {} {
    eval torch::[pick {{linear 2 3} {conv2d 1 2 2} {conv1d 2 1 2} {conv_transpose1d 1 2 2} {batchnorm2d 2} {batch_norm1d 3} {layer_norm 2} {group_norm 1 2} \
        {instance_norm1d 2} {maxpool1d 2} {maxpool2d 2} {avgpool2d 2} {embedding 3 2} {lstm 2 1} {gru 3 2 2} {rnn_tanh 2 2 1 1 1} {dropout 0.5} sequential}]
}
proc newModule {} {
    if {[chance 0.6]} {return [newLayer]}
    eval [pick {
        {torch::linear 3 2}
        {torch::sequential [list [torch::linear 3 2] torch::tensor_tanh [torch::linear 2 3]]}
        {torch::dropout}
        {torch::flatten}
        {torch::distributed_data_parallel [torch::linear 3 2]}
        {torch::module [list a [torch::linear 3 2]] -forward {torch::tensor_mul 2}}
    }]
}
# Mostly what the type asks for.
proc aValue {type} {
    global dtypes shapes absurdShapes integers absurdIntegers numbers absurdNumbers
    if {[chance 0.1]} {return [anything]}
    if {[string match */* $type] && $type ni {tensors/module tensor/scalar tensor/bool}} {return [aValue [pick [split $type /]]]}
    switch -glob $type {
        tensor {return [aTensor]}
        {sparse tensor} {return [torch::dense_to_sparse [newTensor]]}
        {quantized tensor} {return [torch::quantize_per_tensor [torch::tensor_to [newTensor] cpu float32] 0.5 3 [pick {quint8 qint8 qint32}]]}
        tensors {return [lmap i [lrepeat [expr {int(rand() * 4)}] x] {aTensor}]}
        tensors/module {return [aValue [pick {tensors module}]]}
        tensor/scalar {return [expr {[chance 0.5] ? [aTensor] : [pick $numbers]}]}
        tensor/bool {return [expr {[chance 0.5] ? [aTensor] : [pick {0 1 true none}]}]}
        shape - ints {return [pick [expr {[chance 0.85] ? $shapes : $absurdShapes}]]}
        dtype {return [pick $dtypes]}
        device {return [pick {cpu cpu cuda cuda:0 tpu}]}
        int {return [pick [expr {[chance 0.9] ? $integers : $absurdIntegers}]]}
        double - scalar {return [pick [expr {[chance 0.8] ? $numbers : $absurdNumbers}]]}
        bool {return [pick {0 1 true no}]}
        list {return [pick [list {1 2 3} {{1 2} {3 4}} 5 {} {{1} {2 3}} {nan inf} {1 2 x} [list [list 1 2] [list 3 [aTensor]]]]]}
        script {return [pick [list {set x 1} {error no} {torch::zeros 3} {return 4} {break} {torch::scope {string length x[torch::ones 1]}} \
            {torch::tensor_free [lindex [torch::tensors] 0]} {set ::t [torch::ones 2]; llength $::t} {catch {torch::tensor_add foo bar}} [list aCall]]]}
        enum:* {return [pick [split [string range $type 5 end] |]]}
        optimizer {return [newOptimizer]}
        module {return [newModule]}
        scaler {return [torch::grad_scaler_new]}
        path {return [file join $::folder [pick {a b c missing/d}]]}
        doubles {return [pick {{0.5 0.9} {0.9 0.999} {1 2 3} {0.5 nan} {}}]}
        scheduler {return [torch::lr_scheduler_[pick {step cosine polynomial}] [newOptimizer] 2]}
        string {return [pick {"" names count bytes workers zeros tensor_add torch::nothing isend_handle_dst1_tag0 irecv_handle_1 {a b}}]}
        default {return [anything]}
    }
}

# The words of a call: by position, by name, or both.
proc aCall {} {
    set command [pick $::commands]
    set about $::about($command)
    set types {}
    set names {}
    foreach option [dict get $about options] {
        foreach name [lindex $option 0] {dict set types $name [lindex $option 1]}
    }
    set words {}
    set given {}
    if {[chance 0.6] && [llength [dict get $about positional]]} {
        foreach word [pick [dict get $about positional]] {
            if {[string match {\?*} $word] && [chance 0.4]} break
            set name -[string trim $word ?.]
            lappend given $name
            set value [aValue [dict get $types $name]]
            if {[string match *... $word]} {
                catch {lappend words {*}$value}
            } else {
                lappend words $value
            }
            if {[chance 0.05]} break
        }
    }
    foreach option [dict get $about options] {
        lassign $option synonyms type default
        if {[lindex $synonyms 0] in $given && [chance 0.98]} continue
        if {$default eq "required" ? [chance 0.95] : [chance 0.15]} {lappend words [pick $synonyms] [aValue $type]}
    }
    if {[chance 0.05]} {lappend words [anything]}
    if {[chance 0.02]} {set words [lreplace $words end end]}
    set ::returned [lindex [dict get $about returns] 0]
    list torch::[pick [concat $command [dict get $about aliases]]] {*}$words
}
# The call as text, without asking a handle for its own.
proc shown {call} {
    join [lmap word $call {
        set about [::tcl::unsupported::representation $word]
        # Not by expr, which would take a word such as nan for a number.
        if {[string match "*no string*" $about]} {set word <[lindex $about 3]>} else {list [string range $word 0 80]}
    }]
}

proc oneCall {} {
    set call [aCall]
    if {$::verbose eq "-v"} {
        puts [shown $call]
        flush stdout
    }
    if {[chance 0.1]} {set call [list torch::scope $call]}
    if {[chance 0.05]} {set call [list $::child eval $call]}
    set code [catch $call result]
    if {$code == 0 && $::returned eq "tensor"} {keep $result}
    if {$code == 0 && $::returned eq "tensors"} {foreach t $result {keep $t}}
    return [expr {$code == 0}]
}

proc newChild {} {
    if {[info exists ::child]} {interp delete $::child}
    set ::child [interp create]
    $::child eval [list set auto_path $::auto_path]
    $::child eval {
        package require torch
        proc bgerror {message} {}
        interp alias {} aCall {} list
        rename exit {}
    }
}
proc bgerror {message} {}
rename exit leave

# What a script relies on, whatever was called before.
proc works {} {
    torch::enable_grad
    set x [torch::tensor_create {{1 2} {3 4}} -requiresGrad 1]
    torch::tensor_backward [torch::tensor_sum [torch::tensor_matmul $x $x]]
    expr {[torch::tensor_to_list [torch::tensor_add $x $x]] eq {2.0 4.0 6.0 8.0}
          && [torch::tensor_to_list [torch::tensor_grad $x]] eq {7.0 11.0 9.0 13.0}
          && [torch::tensor_shape [torch::distributed_gather $x]] eq {1 2 2}}
}

# Files go to a folder of their own, whatever they are called.
set folder [exec mktemp -d]
cd $folder
set commands [torch::describe]
foreach command $commands {set about($command) [torch::describe $command]}
newChild
set before [torch::tensors bytes]
set answered 0
set problems {}
# Optimizers and the like whose names came up live as long as these: until the end of the scope.
torch::scope {
    for {set i 1} {$i <= $calls} {incr i} {
        incr answered [oneCall]
        if {$i % 100 == 0} {
            update
            if {![works]} {
                lappend problems "after $i calls arithmetic is wrong"
                break
            }
        }
        if {$i % 500 == 0} newChild
    }
}

cd /
file delete -force $folder

# Everything that still holds a tensor lets go of it.
update
interp delete $child
set pool {}
unset -nocomplain t x
catch {error {}}
torch::tensor_free [torch::tensors]
if {![works]} {lappend problems "arithmetic is wrong"}
if {[torch::tensors count] != 0} {lappend problems "[torch::tensors count] tensors are left"}
if {[torch::tensors bytes] != $before} {lappend problems "[expr {[torch::tensors bytes] - $before}] bytes of tensors are left"}
if {$answered < $calls / 4 || $answered > $calls * 9 / 10} {lappend problems "the calls are lopsided"}
puts "$calls calls with seed $seed, $answered answered[join [linsert $problems 0 {}] "\nproblem: "]"
leave [expr {[llength $problems] > 0}]
