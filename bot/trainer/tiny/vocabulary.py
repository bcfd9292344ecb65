"""The word pieces of the tokenizer: a fixed list, the same for every job and every data set.

Made once by byte-pair merging over support-desk English and general technical English, lower case
with the punctuation of JSON. `_` stands for a blank. Read once, when a tokenizer is made. Left out:
single bytes and the marks of a chat, which `tokens.py` puts in front. The order is the order of ids, so
a change here makes every earlier checkpoint unreadable: `tokens.py` keeps a fingerprint of it.
"""

from typing import Final

_TEXT: Final = r"""
in er _s _a _t on -- _c re or en _p ed _w es at _b _m it _d ing ou _f an le _n ar al is ion ce _th _l as _e
_h ot om et _re us ent ct ay ow ri _in ck el il _o am _g od _an _st ver un th ur _i ut _ch st pp _wh ic ly
_ex ol ment ig _sh ad ag op ate ve _us ter ch ort qu ass _lo our _be _de _not ke _on lo _pr _it pt _ne ers
ill _as id _y est ** ame _r res ld _" ble ect _or _su her _se _ti _for ation ould if oun ust _of _con ack _v
== ex ith _al _ad lass ind _com _the up ht ine ject out all ice art _with _is _to one bject cc age _k _un
very _do other ue ir em ul ase ction _j ress ance _le ail ard )" der .. ere ain ple _ha ount ist _pro se ks
um urn ity ang ore _exp pe _at _by _pl _im _and ome and _wr able the cept _we _che end _that _are _can eli
_ar os ()" turn ure _no _up ry own _than _tri ings ess _when _tim de ory _may low day ", ive _this _object
ra _return ok ign _tw ccount ight ustom quest ug ber _call _any ish _pri ven !! _if ode eth _add ick _inst
any _custom ew ays to _def int odu ong _comp _wor class use tern _num _fr ority _inv _app _me ateg ategory
reet _fun _class _ta _bo key _cont _tick _ticket _your _val _ty elp >> _log _( _af orm _wish reetings _op
_rep _ma _em _sc ise _other _go ethod ite _list _some _ag ile _from _pay _li red elivery _wa question oug
ally ute iting _has _supp _order _* _pass _hour _| _method _will _fol line rib _should _happ atement _all
_one _new _start ... act _but _off _called ange ely _check ows ved _only _back arg ary _does im ning vers
ant _adv ument _so _support _statement _function ror _used _wee ast so ence _use _have _same bo ody _mon pl
_des trib _run elf _number _name ception ord _ra ult _par ip ace _col error _reg _code ition self ature
_there _out lock version _need _sign _value _tr _tom _account iew ty _work _week igh ify val _hur word _key
not _pos pping body ft _kind gr ud ide _item eature ression _defin _am _was bug _even ring _bot _bu _sort
fore ages _te _two _arg _get ree _bill _every ated atch _you _before _form _di ous _more reen _box fer ash
_how enc _argument _team _now _version _shop _like _pack _into lease _been _look mo _plan ormal _sm oint
thing pri _mad ues _stop _gu _block ood _invo _sol ked _kn _user _month _det _my ince ec he ich _after _find
_would _time _don let _last hing ": _min _wrong ound _what _exception _buil _pa _since be iced nt sw _never
_left tribute object _priority ". _help _let _just ause attern _mail _again sort ab ead _times _take we my
port _category row hel hello ator _many ank _set _please _who _could you _wishes exc _nothing ys _best ves
wise {" _answ _our uture _asked ext _proble _problem ption los ). _' _regard _give ool ear _small _long
_oper ix excuse _fine _down category account priority "} _answer _js _json _cheers feature high hey _says
normal _pre _tomor _tomorrow _regards _triage hi _customer bill billing _page _did _nice classify _day
delivery please _hurry _pe _peop _people _screen _tickets _reply good dear _company _mor _morning _question
_thanks _advance _greetings _know _yours cl _tod _today _login _type si cel _change _typ read _sp _res odule
_happen hone _parcel quick >>> plement _ann _noticed _thx _colle _future _which ccess _ab _int _ur _urg
_thank _bother ough _see _>>> _want _possi greetings ro _urgent name _arri _maybe help get cri _z _expl ames
_came _instead _hot _[ _point _sequ _possible _detail _still _access iss pec ght _open _produ irst _twice
file ution _el right rect _cl _expression _shows ep _sch _profile ised _first _char _: _:: _::= ap _exam
_got _bank _its _lit _implement ations _waiting _folks _nobody _id _otherwise di con _string _sub _come
_instance _exec _over _once ari _alread _already med _without _school _year _hotline ought resent _dis _nex
_next _guys _right _aftern _afterno _phone _days _dead _import _names _someone _delivery eliver _writing
_afternoon _madam _ship _invoice _mess _cr ub _contain _charact _br ars _dat _miss _about _payment oll _sir
_colleag _rece _recei _part pace _objects _module _items _here ific ifi _attribute yth ython _conc _explain
_password sor form _under _sy min _chat _wait _isn _tried _evening und _lat _anything _view _ident ever
anged ger _unt here ost _ear load _deliver _mone _money _ton _tonight _hours ern ccept sign _soon arch _spec
_sequence _rest _wind _press _price _pages _whom _concern eral _assign wh its vel item _way erg _charg
_happy _= _own _pattern ell _follow ans _write bers _qu _remo _inter _cur _data box _card _end _ref sorry
are tr _also _aud _them _happened uch () ds _fe _whole enty _started _won _clos ctionary exp _lin _until
alse _bl _types _customers oy iel cor _fri tle ope _print _match _arguments _empt _... view _lea _pressing
_tra _deadline _love _hal _half ax --- _bit _error iz where _really _immed _immedi _inte _cre _$ _ten _ser
_note _whenever _defined _else _ext rop _too keep li _built _doll _dollars _address _email uck _kid _kids ??
ush str par uted ()", _using cription _values amet _cons ful fin _thing _cou uri urious utes _ago _returned
_aw _three _request _aut ff ical ates _dictionary ault _make _suite _cal _upd _dri _result _vari valu _file
_act _package _text _bec _they _python _gi _rec ract _curre _underst qui pped _colleague _incl _advise ial
_admin _solution mand _much _ig ach _sl new _trans _evalu nc met _empty urs ious ese _changed ences
_understand _little _pan _signed _audit _shipment _chance _must _turn _subs gram _free _read og _where _hand
les _refer _methods ency _window _shi _shipping _annoy _annoying _wonder _stuck _search _fee _en _clause
_present ification type _fl _keep _delet _bet _missing ield bit _mode ergency _tak _cred _old _away gest
gestion _lost _contract _friday _early ately _why _checked _fa _faq _messages _iter how _count _option atic
_because _subscription _fo _build _chart _returns _sa _minor could _numbers _meet _table _cannot utable
_default ider _later ts _characters pre _definition _taken _lists _assignment arget _lab _label _emergency
_home raw _hope _calend _calendar _export _sug _suggestion _thought _false _fil _office _closed _fail _rem
_per for _keyword _consider _prom _side _raised except _sever _several _program _ordered _la board can _pick
_sho _board _arrived _production _upload _"' ift ually ci _lock _thir lob lobal ob _update _map _una _str
ntax _elsewhere _bar vent _running led _mind icking _product _five _low _meeting _plenty _allow _checkout
_following ameter _cost _leaves ors ma expression _users _starts acking _dif uple none pattern ire _target
_anna grad _expi _stra _straight ents _big _live _received _party _refund _yes _yester _yesterday ole _incor
_incorrect _news _example cont _ent ting _differ ak _format do ating _gr _autom _automatic list see itional
this metic cur _fin _then _- _show _preview _trif _trifle _pls _asap mely erely _nor _desk _shopping _eur
_euros _drop _bought _unaccept _unacceptable _sent _ed eric cript ted _blocks angu anguage _stand _thr _car
ctions ces _namespace _< ull set _identifi _occ *. side zen _cor cal '" format _immediately ubl _cance
_cancel _secur _security rier remely _forw _forward _raj per _crash _everything _receipt _link _mom _igor
ices _six _ind ~~ _full _executed _tem _comple ister dict _language only _works ection ), getitem _solve
_stress _paul _extremely oks _merely _ines _tracking _minute _counts _nora _goog _google _desper _desperate
_moment _liam _accept _thurs _thursday _happens _restart _restarted tributes _fix _som ething _ver _third _x
_literal ison ---+ _load _requi oup defin iter _current with _operations _classes _word _were _direct ient
plit _character _pers _person _laun _launch _fif _fifty _something _event _credit _mei _dozen _deal
_panicking _four pend _late _debit _jon _jonas pr _shout _shouting _chr _play _ken _mak _makes _prov there
!!! _crit _critical bar _different _syntax attribute eng _context enu ert _owner _gen cted back ): sl hash
ments ving _register ables *, _given _operator _these exception _dig _pur inter pon _sing _descript _**
_functions _compar ', _prop _backup _offer _sal _flight _stud _travel _appre _appreci _appreciate _templ
_sus sing _bir _birth _arrive _paid ake _seven _presentation _promised _wondering _hurts uts _furious ules
_rush sub _zo _spell allet _renew _workspace _transfer _few ared _priy _priya _disp _case ced anag _trace
fun reak _menu _very _stops attr _zer ude _top defined _attributes _bind _found mt _section _base _represent
_line _serious _logo _gift _upgrad _upgrade _expired _cos _cosmetic _iss _issue _monthly _send _finance
_courier fact factor _locked _ap _api _scan _tax _delivered _date _losing _stat _hund _hundred _mist
_mistake _fat _fatim _fatima _invite _cart down _elen _elena _ol _olg _olga _good ??? top mber _demo _invest
_investors _fire _carlos _seat _enough _paying _charge _local ength _true _comparison pa ulti ose ders
_itself _separ _mem _aug cent oto com ens _field stmt _interpre _global _# icit _intr _feature ples vail
vailable _single _tuple _{ _tin _tiny _pop night no _eventually paid _ip _charged _eight _purch _purchase
_wed _wedn _wednes _wednesday _somebody _complet _completely _blocked _save _packet _quick _driver _night
_removed _solved mary ember _scr umn _integr _integration ding _each _implementation db _sto _through
_include ize _adding by _variables ances _zero _fails _made _foot crib otal ins _identity _such qual
_special _parameter _repl _multi _includ keys hip value _ide less _kindly _stopped ote _suits _pickup ner
itor _draw _files _brok _broken _dropdown _funeral _indi though rew _dar _dark _percent _intern _desktop
_username _raise _standard _+ _created ()". _execution _keys _sum _oct when pep tes _positional _addition
_remove _total anager ises ither aclass ots _displ ters _co _important _immediate _bound _expressions point
_within _mailbox _he _ah _port _butt _button _curious aller put pro _chin _footer _group _sat _satur
_saturday
"""

PIECES: Final[tuple[str, ...]] = tuple(piece.replace("_", " ") for piece in _TEXT.split())
