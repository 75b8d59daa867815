// SPDX-License-Identifier: MPL-2.0
/**
 * Names of keys that are no characters, and of ASCII's punctuation, as X has them
 * (keysymdef.h, XF86keysym.h: `Name:keysym`, hexadecimal), and other names that
 * people and browsers have for the same.
 */

const FUNCTION_AND_EDITING = `
  BackSpace:ff08 Tab:ff09 Linefeed:ff0a Clear:ff0b Return:ff0d Pause:ff13 Scroll_Lock:ff14
  Sys_Req:ff15 Escape:ff1b Delete:ffff Home:ff50 Left:ff51 Up:ff52 Right:ff53 Down:ff54
  Page_Up:ff55 Prior:ff55 Page_Down:ff56 Next:ff56 End:ff57 Begin:ff58 Select:ff60 Print:ff61
  Execute:ff62 Insert:ff63 Undo:ff65 Redo:ff66 Menu:ff67 Find:ff68 Cancel:ff69 Help:ff6a
  Break:ff6b ISO_Left_Tab:fe20`;

const MODIFIERS = `
  Shift_L:ffe1 Shift_R:ffe2 Control_L:ffe3 Control_R:ffe4 Caps_Lock:ffe5 Shift_Lock:ffe6
  Meta_L:ffe7 Meta_R:ffe8 Alt_L:ffe9 Alt_R:ffea Super_L:ffeb Super_R:ffec Hyper_L:ffed
  Hyper_R:ffee Mode_switch:ff7e Num_Lock:ff7f ISO_Level3_Shift:fe03 ISO_Level5_Shift:fe11
  ISO_Next_Group:fe08 ISO_Prev_Group:fe0a`;

const INPUT_METHODS = `
  Multi_key:ff20 Kanji:ff21 Muhenkan:ff22 Henkan:ff23 Romaji:ff24 Hiragana:ff25 Katakana:ff26
  Hiragana_Katakana:ff27 Zenkaku:ff28 Hankaku:ff29 Zenkaku_Hankaku:ff2a Eisu_toggle:ff30
  Hangul:ff31 Hangul_Hanja:ff34`;

const KEYPAD = `
  KP_Space:ff80 KP_Tab:ff89 KP_Enter:ff8d KP_Home:ff95 KP_Left:ff96 KP_Up:ff97 KP_Right:ff98
  KP_Down:ff99 KP_Page_Up:ff9a KP_Prior:ff9a KP_Page_Down:ff9b KP_Next:ff9b KP_End:ff9c
  KP_Begin:ff9d KP_Insert:ff9e KP_Delete:ff9f KP_Multiply:ffaa KP_Add:ffab KP_Separator:ffac
  KP_Subtract:ffad KP_Decimal:ffae KP_Divide:ffaf KP_Equal:ffbd KP_0:ffb0 KP_1:ffb1 KP_2:ffb2
  KP_3:ffb3 KP_4:ffb4 KP_5:ffb5 KP_6:ffb6 KP_7:ffb7 KP_8:ffb8 KP_9:ffb9`;

/** Also under their names with XF86 in front. */
const MEDIA = `
  MonBrightnessUp:1008ff02 MonBrightnessDown:1008ff03 KbdLightOnOff:1008ff04
  KbdBrightnessUp:1008ff05 KbdBrightnessDown:1008ff06 AudioLowerVolume:1008ff11
  AudioMute:1008ff12 AudioRaiseVolume:1008ff13 AudioPlay:1008ff14 AudioStop:1008ff15
  AudioPrev:1008ff16 AudioNext:1008ff17 HomePage:1008ff18 Mail:1008ff19 Search:1008ff1b
  AudioRecord:1008ff1c Calculator:1008ff1d Calendar:1008ff20 PowerDown:1008ff21 Back:1008ff26
  Forward:1008ff27 Stop:1008ff28 Refresh:1008ff29 PowerOff:1008ff2a WakeUp:1008ff2b
  Eject:1008ff2c ScreenSaver:1008ff2d WWW:1008ff2e Sleep:1008ff2f Favorites:1008ff30
  AudioPause:1008ff31 AudioMedia:1008ff32 MyComputer:1008ff33 AudioRewind:1008ff3e
  Copy:1008ff57 Cut:1008ff58 Display:1008ff59 Explorer:1008ff5d LogOff:1008ff61 Paste:1008ff6d
  Open:1008ff6b Close:1008ff56 Save:1008ff77 Reload:1008ff73 ZoomIn:1008ff8b ZoomOut:1008ff8c
  WebCam:1008ff8f Battery:1008ff93 Bluetooth:1008ff94 WLAN:1008ff95 AudioForward:1008ff97
  Suspend:1008ffa7 Hibernate:1008ffa8 TouchpadToggle:1008ffa9 AudioMicMute:1008ffb2
  RFKill:1008ffb5 Tools:1008ff81 Launch1:1008ff41 Launch2:1008ff42 Launch3:1008ff43`;

const PUNCTUATION = `
  space:20 exclam:21 quotedbl:22 numbersign:23 dollar:24 percent:25 ampersand:26 apostrophe:27
  parenleft:28 parenright:29 asterisk:2a plus:2b comma:2c minus:2d period:2e slash:2f colon:3a
  semicolon:3b less:3c equal:3d greater:3e question:3f at:40 bracketleft:5b backslash:5c
  bracketright:5d asciicircum:5e underscore:5f grave:60 braceleft:7b bar:7c braceright:7d
  asciitilde:7e`;

/** What else a key is called: people's names, and those of `KeyboardEvent.code` and `key`. */
const ALIASES = `
  enter:Return esc:Escape del:Delete ins:Insert bksp:BackSpace pgup:Page_Up pgdn:Page_Down
  pgdown:Page_Down printscreen:Print prtsc:Print sysrq:Sys_Req spacebar:space
  arrowleft:Left arrowright:Right arrowup:Up arrowdown:Down contextmenu:Menu apps:Menu
  ctrl:Control_L control:Control_L ctrlleft:Control_L controlleft:Control_L ctrlright:Control_R
  controlright:Control_R shift:Shift_L shiftleft:Shift_L shiftright:Shift_R alt:Alt_L
  altleft:Alt_L altright:Alt_R option:Alt_L altgr:ISO_Level3_Shift altgraph:ISO_Level3_Shift
  super:Super_L meta:Super_L metaleft:Super_L metaright:Super_R win:Super_L windows:Super_L
  cmd:Super_L command:Super_L os:Super_L hyper:Hyper_L caps:Caps_Lock compose:Multi_key
  dot:period dash:minus hyphen:minus equals:equal quote:apostrophe backquote:grave tilde:asciitilde
  hash:numbersign pipe:bar asterix:asterisk
  numpadenter:KP_Enter numpadadd:KP_Add numpadsubtract:KP_Subtract numpadmultiply:KP_Multiply
  numpaddivide:KP_Divide numpaddecimal:KP_Decimal numpadcomma:KP_Separator numpadequal:KP_Equal
  numpad0:KP_0 numpad1:KP_1 numpad2:KP_2 numpad3:KP_3 numpad4:KP_4 numpad5:KP_5 numpad6:KP_6
  numpad7:KP_7 numpad8:KP_8 numpad9:KP_9
  volumeup:AudioRaiseVolume volumedown:AudioLowerVolume volumemute:AudioMute mute:AudioMute
  audiovolumeup:AudioRaiseVolume audiovolumedown:AudioLowerVolume audiovolumemute:AudioMute
  playpause:AudioPlay mediaplaypause:AudioPlay mediastop:AudioStop nexttrack:AudioNext
  prevtrack:AudioPrev mediatracknext:AudioNext mediatrackprevious:AudioPrev
  brightnessup:MonBrightnessUp brightnessdown:MonBrightnessDown browserback:Back
  browserforward:Forward browserrefresh:Refresh browserhome:HomePage browsersearch:Search
  convert:Henkan nonconvert:Muhenkan kanamode:Hiragana_Katakana lang1:Hangul lang2:Hangul_Hanja`;

const FUNCTION_KEY_COUNT = 35;
const F1 = 0xffbe;

/** A name in the form in which names are compared. */
export function folded(name: string): string {
  return name.toLowerCase().replace(/[\s_-]/g, "");
}

function pairs(table: string): [name: string, value: string][] {
  const words = table.trim().split(/\s+/);
  return words.map((word) => {
    const at = word.indexOf(":");
    return [word.slice(0, at), word.slice(at + 1)];
  });
}

function makeTable(): Map<string, number> {
  const keysyms = new Map<string, number>();
  const add = (name: string, keysym: number) => {
    if (!keysyms.has(folded(name))) keysyms.set(folded(name), keysym);
  };
  const sections = [FUNCTION_AND_EDITING, MODIFIERS, INPUT_METHODS, KEYPAD, PUNCTUATION, MEDIA];
  for (const section of sections) {
    for (const [name, keysym] of pairs(section)) add(name, Number.parseInt(keysym, 16));
  }
  for (const [name, keysym] of pairs(MEDIA)) add(`XF86${name}`, Number.parseInt(keysym, 16));
  for (let n = 1; n <= FUNCTION_KEY_COUNT; n++) add(`F${n}`, F1 + n - 1);
  for (const [name, target] of pairs(ALIASES)) add(name, keysyms.get(folded(target)) ?? 0);
  return keysyms;
}

/** Keysyms by their folded names. */
export const KEYSYM_BY_NAME: ReadonlyMap<string, number> = makeTable();
