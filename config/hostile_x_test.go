package config
import ("testing";"strings";"time";"math/rand";"fmt";"os";"strconv";"runtime")
func TestXPerf(t *testing.T){
 frags:=[]string{"<<","<"," ","\n","a",":",": ","- ","[","]","{","}","\"","'","&a","*a","|","> ","!!","!t ","#"," #","? ","%","\t",",","---\n","...\n","\r","\\","@","`","é","1","0x","-","\n  ","\n ","k: ","k: v\n","~","|\n","|+\n",">-\n","search:\n","ttl: 1\n","  ttl: 1\n","neighbors:\n","- a:1\n","*a\n","- *a\n","&a ","a, ","\"a\", ", "x\n  ","\"\n","'\n"}
 seed,_:=strconv.Atoi(os.Getenv("SEED")); size:=200000
 r:=rand.New(rand.NewSource(int64(seed)))
 worst:=time.Duration(0)
 end:=time.Now().Add(250*time.Second)
 n:=0
 for ;time.Now().Before(end);n++{
  k:=1+r.Intn(5); u:=""; for j:=0;j<k;j++{u+=frags[r.Intn(len(frags))]}
  pre:=""; for j:=r.Intn(4);j>0;j--{pre+=frags[r.Intn(len(frags))]}
  s:=pre+strings.Repeat(u,size/len(u))
  st:=time.Now()
  _,_,err:=Load(Options{Path:"-",Stdin:strings.NewReader(s)})
  d:=time.Since(st)
  if d>worst*3/4 && d>60*time.Millisecond {e:=fmt.Sprint(err); if len(e)>100{e=e[:100]}; fmt.Printf("%v pre %q u %q %q\n",d,pre,u,e); if d>worst {worst=d}}
  if len(fmt.Sprint(err))>60000 {fmt.Println("LONG",len(fmt.Sprint(err)))}
 }
 var m runtime.MemStats; runtime.ReadMemStats(&m)
 fmt.Println(n,worst,m.Sys>>20)
}
